"""Measures the line from outside, at the SIP wire, next to a bare ARI script and to Asterisk's own queue."""
