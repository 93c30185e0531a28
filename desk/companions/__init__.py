"""Companions behind the desk."""
