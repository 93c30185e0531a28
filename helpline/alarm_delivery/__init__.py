"""Alarms that reach somebody: webhook, e-mail, telephone and the desk's open pages.

`model` says what goes out where, when and how often (pure); `book` keeps it in the database; `delivery` does it; each channel is a file.
"""
