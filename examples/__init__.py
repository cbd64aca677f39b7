"""Correct servers in many stacks and languages, to copy from; `targets.toml` lists them."""
