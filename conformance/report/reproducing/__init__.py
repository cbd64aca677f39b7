"""What stand-alone reproducers are made of: each takes from here the parts that its case needs.

Standard library only, and no part of the suite imports one: they are read as text, see
`conformance.report.reproducer`. Between these modules names are imported one by one, never a module as a whole.
"""
