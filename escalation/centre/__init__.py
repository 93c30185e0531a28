"""Referrals to the centre: consent, worklist, call-backs, counselling, needs and links, follow-ups, closing."""
