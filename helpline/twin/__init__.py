"""The digital twin: a day of a real helpline's load, driven through the very same routing, on a virtual clock.

`shifts.load` is what comes in, `callers` the dice, `run` the simulation, `measures` what is reported, `shifts.erlang` the formulas it must
agree with (`agreement`), `chart` the picture. Nothing here knows a database, a network or the real time.
"""
