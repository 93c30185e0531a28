"""Records of consultations.

`model` says what is written down, `words` which words there are for it (data: words.toml), `draft` what an edit makes of a record, `visible` who
sees which part of it, `stored` how it lies in the database, `book` reads and writes it.
"""
