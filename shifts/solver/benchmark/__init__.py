"""Holds the search against published nurse-rostering instances: their text format, an independent checker, and the solver."""
