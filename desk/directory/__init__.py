"""The directory at the desk."""
