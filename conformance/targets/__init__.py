"""The servers that a `targets.toml` describes: read, built where they have to be, and made into targets.

Standard library only: the examples are built by it before anything is installed.
"""
