"""Roles and what they may do. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class Role(StrEnum):
    """What somebody is at this desk."""

    COUNSELLOR = "counsellor"
    #: Plans the roster and looks after the line.
    SUPERVISOR = "supervisor"
    #: Staff of the centre that takes over referrals.
    CENTRE = "centre"
    #: Somebody who accompanies a person.
    COMPANION = "companion"
    #: Reads the access log and how rosters were made; changes nothing, and sees no reason for anybody's absence.
    AUDITOR = "auditor"
    #: Keeps the installation running; sees accounts, no content.
    OPERATOR = "operator"


class Permission(StrEnum):
    """What a route asks for."""

    #: One's own account: language, second factor, the event stream.
    OWN = "own"
    SHIFT_OWN = "shift.own"
    LEAVE_OWN = "leave.own"
    #: The rosters in force: everybody's shifts, of others nothing else.
    ROSTER_READ = "roster.read"
    #: Drafts, what is wrong with them, and who changed what.
    ROSTER_DRAFT = "roster.draft"
    ROSTER_EDIT = "roster.edit"
    ROSTER_PUBLISH = "roster.publish"
    LEAVE_DECIDE = "leave.decide"
    USER_READ = "user.read"
    USER_EDIT = "user.edit"
    AUDIT_READ = "audit.read"


class Open(StrEnum):
    """Routes that ask for no permission say so with one of these."""

    #: Signed in or not.
    ANYBODY = "anybody"
    #: Signed in, even with a password that must be changed first: changing it, signing out.
    SIGNED_IN = "signed_in"


_P = Permission
PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    Role.COUNSELLOR: frozenset({_P.OWN, _P.SHIFT_OWN, _P.LEAVE_OWN, _P.ROSTER_READ}),
    Role.SUPERVISOR: frozenset(
        {
            _P.OWN, _P.SHIFT_OWN, _P.LEAVE_OWN, _P.ROSTER_READ, _P.ROSTER_DRAFT, _P.ROSTER_EDIT, _P.ROSTER_PUBLISH, _P.LEAVE_DECIDE,
            _P.USER_READ, _P.USER_EDIT,
        }
    ),
    Role.CENTRE: frozenset({_P.OWN}),
    Role.COMPANION: frozenset({_P.OWN}),
    Role.AUDITOR: frozenset({_P.OWN, _P.AUDIT_READ, _P.USER_READ, _P.ROSTER_READ, _P.ROSTER_DRAFT}),
    Role.OPERATOR: frozenset({_P.OWN, _P.USER_READ, _P.USER_EDIT}),
}  # fmt: skip

#: Whose accounts a role may make and change. An auditor's and an operator's are not a supervisor's to take over.
MANAGES: Mapping[Role, frozenset[Role]] = {
    Role.SUPERVISOR: frozenset({Role.COUNSELLOR, Role.SUPERVISOR, Role.CENTRE, Role.COMPANION}),
    Role.OPERATOR: frozenset(Role),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who does something at the desk now."""

    user_id: UUID
    session_id: UUID
    name: str
    role: Role
    language: str = "ko"
    counsellor_id: UUID | None = None
    #: Signed in with a password that somebody else made: nothing but choosing an own one is open.
    must_change_password: bool = False
    second_factor: bool = False

    @property
    def permissions(self) -> frozenset[Permission]:
        """What they may do now."""
        return frozenset() if self.must_change_password else PERMISSIONS[self.role]

    def may(self, access: Permission | Open) -> bool:
        """Whether a route that asks for this is open to them."""
        return isinstance(access, Open) or access in self.permissions

    def manages(self, role: Role) -> bool:
        """Whether accounts of that role are theirs to change."""
        return role in MANAGES.get(self.role, frozenset())


def sign_in_form(name: str) -> str:
    """The form in which sign-in names are compared: composed, without case, without spaces around."""
    return unicodedata.normalize("NFKC", name).strip().casefold()
