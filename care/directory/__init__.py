"""The directory: places and services, when they are open, and where that was read."""
