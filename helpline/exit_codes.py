"""What the program's exit codes mean to whoever started it."""

from __future__ import annotations

#: Done, or asked to stop.
OK = 0
#: A check failed or something went wrong while running.
FAILED = 1
#: The settings can't be used; nothing was started.
SETTINGS = 78
#: Another process connected to Asterisk under our application's name: whoever starts us again only takes it back and forth.
EXIT_REPLACED = 75
