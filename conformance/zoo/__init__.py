"""Broken servers, one bug each: the proof that the suite can tell them from correct ones."""
