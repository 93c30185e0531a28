"""Isolation reports: somebody tells of a person who may be cut off; the centre looks after it."""
