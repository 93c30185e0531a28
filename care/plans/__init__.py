"""Plans for people who call often: agreed times and length, a counsellor of their own, what helps. Never a reason not to answer.

`model` says what a plan is, `book` keeps its versions and finds the one to be shown with an offer.
"""
