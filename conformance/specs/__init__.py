"""The specification: one file a chapter, one test a clause, the docstring the normative text."""
