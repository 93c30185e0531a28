"""The roster over HTTP: its page, requests for leave and swaps, files, calendars, searches. `room.RosterRoom` puts it together."""
