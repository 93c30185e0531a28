"""The line under a virtual clock: the very same routing, call and recovery code against a simulated Asterisk, database and people.

Everything is decided by one seed, so whatever went wrong goes wrong again: `annyeong120 simulate --seed N`.
"""
