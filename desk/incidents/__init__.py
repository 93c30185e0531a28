"""Crises and alarms behind the desk.

`api` puts the parts together; what an incident is, and what may happen to it, is decided in `escalation`.
"""
