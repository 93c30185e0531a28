"""Companions: who fits whom, planned calls that the line dials, notes, the way back to the centre."""
