"""Who works when: the roster that supervisors edit, the rules it keeps, and who is on shift at an instant."""
