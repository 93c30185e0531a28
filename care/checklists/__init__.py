"""Checklists: instruments as data (`instruments/*.toml`), the engine that scores them, and the results that are kept."""
