"""What can be wrong with what somebody asks of an incident. The docstring is the default message."""

from __future__ import annotations

from collections.abc import Sequence

from core.errors import AnnyeongError


class EscalationError(AnnyeongError):
    """This can't be done with an incident."""


class IllegalTransition(EscalationError):
    """What a person decided does not fit the incident."""


class UnknownContact(EscalationError):
    """There is no such contact."""


class UnknownIncident(EscalationError):
    """There is no such incident."""


class IncidentOver(EscalationError):
    """The incident is confirmed or closed: raise another one."""


class CallElsewhere(EscalationError):
    """Another process has the call, or it is over: nobody is dialled from here."""


class UnknownPartner(EscalationError):
    """The partners file has no such partner: nobody else is dialled."""


class PartnerOnThePhone(EscalationError):
    """This partner is being called, or on the phone, already."""


class TooLong(EscalationError):
    """The text is too long."""


class PartnersError(EscalationError):
    """The partners file can't be used."""

    def __init__(self, problems: Sequence[str]) -> None:
        #: One readable line each, all of them.
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))
