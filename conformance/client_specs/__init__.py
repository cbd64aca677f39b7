"""The specification of clients: a chapter a file, a clause a test, whose docstring is the normative text."""
