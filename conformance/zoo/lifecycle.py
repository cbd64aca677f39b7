"""Bugs."""
