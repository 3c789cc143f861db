"""A run answered from a folder instead of a network: which folder it is, what it says, and what it lacks."""
