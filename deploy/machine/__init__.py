"""Sets a bare Debian-like machine up and runs the project's commands: `python3 -m deploy.machine …`, called by the Makefile.

Only the standard library: this runs before any virtual environment exists. `asterisk_tree` and `asterisk_version` are also used by the
program itself to find the Asterisk that was unpacked here.
"""
