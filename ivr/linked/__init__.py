"""Calls between somebody of ours (a desk of the centre, a companion at home) and a person; `calls` is the way in."""
