"""Everything that connects: the scripted peer that the specs drive, and the clients that people run."""
