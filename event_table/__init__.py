"""What a readiness loop is told: descriptors brought into a state, and what each interface reports of it.

Standard library, plain sockets, Linux. `python -m event_table` writes the page that docs/events.md is.
"""
