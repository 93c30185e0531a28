"""Isolation reports at the desk."""
