"""What the tests of the stand-ins share."""

BOUND_S = 60
"""How long a test waits for what is sure to come."""
