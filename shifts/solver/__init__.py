"""Fills, completes and repairs a roster (OR-Tools CP-SAT), in a process of its own; says in words why a month cannot be filled."""
