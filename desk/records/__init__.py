"""Records of consultations, plans and people behind the desk.

`api` puts the parts together; what a record is, and who sees what of it, is decided in `care`.
"""
