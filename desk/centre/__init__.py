"""The centre behind the desk: referrals, worklist, cases, staff."""
