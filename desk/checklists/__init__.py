"""Checklists at the desk."""
