"""One model of what happened, and one file for each face of it."""
