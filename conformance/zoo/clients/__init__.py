"""Broken clients, one bug each: what proves that the clauses about clients tell them from correct ones."""
