"""The desk: what counsellors, supervisors, centre staff, companions, auditors and the operator use in a browser.

An API is a class with typed handlers and a list of `Route`s (`desk.routes`): method, path, permission and what the access log says stand there in
one line; what is read and answered are the handler's own annotations. `desk.app` makes the application and refuses to start with a handler
that has no such line. `desk.access` knows who may come in, `desk.events` tells open pages what has changed.
"""
