"""What can be wrong with a change to companions. Nothing of a refused change has been made."""

from __future__ import annotations

from escalation.centre.errors import CentreError


class UnknownCompanion(CentreError):
    """There is no such companion."""

    code = "unknown_companion"


class UnknownSupport(CentreError):
    """There is no such accompaniment."""

    code = "unknown_support"


class UnknownCall(CentreError):
    """There is no such plan or call."""

    code = "unknown_call"


class NotPossible(CentreError):
    """This companion can't take this person."""

    code = "not_possible"


class HasCompanion(CentreError):
    """The person has a companion."""

    code = "has_companion"


class WrongState(CentreError):
    """The accompaniment is not in a state in which this can be done."""

    code = "wrong_state"


class PlanClash(CentreError):
    """The companion has another call at that time."""

    code = "plan_clash"
