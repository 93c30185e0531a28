"""The embedded default: PostgreSQL, Asterisk and the program as child processes, with all data under one folder."""
