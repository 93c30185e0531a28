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
    #: Records of consultations: which ones, and what of them, `care.records.visible` decides.
    RECORD_READ = "record.read"
    RECORD_WRITE = "record.write"
    #: Everything of a record, with a reason.
    RECORD_UNMASK = "record.unmask"
    PLAN_READ = "plan.read"
    PLAN_EDIT = "plan.edit"
    #: What the law gives a person: a copy, erasure; and a legal hold against it.
    PERSON_RIGHTS = "person.rights"
    #: Go through checklists with a caller; their own results and those of their contacts.
    CHECKLIST_USE = "checklist.use"
    #: Everybody's results.
    CHECKLIST_ALL = "checklist.all"
    #: Write down an isolation report; see one's own.
    REPORT_MAKE = "report.make"
    #: The worklist of isolation reports, and whom they are from.
    REPORT_WORK = "report.work"
    DIRECTORY_READ = "directory.read"
    DIRECTORY_EDIT = "directory.edit"
    #: Refer somebody to the centre, with their consent; see one's own referrals.
    REFERRAL_MAKE = "referral.make"
    #: Everybody's referrals, and the cases at the centre without their texts.
    CASE_READ = "case.read"
    #: Take cases and work on them, with their texts.
    CASE_WORK = "case.work"
    #: Give a case to somebody else, close and re-open it without having it.
    CASE_ASSIGN = "case.assign"
    #: Who works at the centre, and when.
    CENTRE_STAFF = "centre.staff"
    #: Companions and all accompaniments; match, offer, plan, end.
    COMPANION_MANAGE = "companion.manage"
    #: One's own accompaniments.
    SUPPORT_OWN = "support.own"
    #: Crises of one's own calls.
    INCIDENT_READ = "incident.read"
    #: Raise one, say what is to be done, write down what was disclosed.
    INCIDENT_ACT = "incident.act"
    #: Say that help arrived, or close it with a reason.
    INCIDENT_CLOSE = "incident.close"
    #: … of everybody's calls.
    INCIDENT_ALL = "incident.all"
    #: Who was given which data, on which ground.
    LEDGER_READ = "ledger.read"
    ALARM_READ = "alarm.read"
    ALARM_SEEN = "alarm.seen"
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
    Role.COUNSELLOR: frozenset(
        {_P.OWN, _P.SHIFT_OWN, _P.LEAVE_OWN, _P.ROSTER_READ, _P.RECORD_READ, _P.RECORD_WRITE, _P.PLAN_READ}
        | {_P.CHECKLIST_USE, _P.REPORT_MAKE, _P.DIRECTORY_READ, _P.REFERRAL_MAKE}
        | {_P.INCIDENT_READ, _P.INCIDENT_ACT, _P.INCIDENT_CLOSE}
    ),
    Role.SUPERVISOR: frozenset(
        {
            _P.OWN, _P.SHIFT_OWN, _P.LEAVE_OWN, _P.ROSTER_READ, _P.ROSTER_DRAFT, _P.ROSTER_EDIT, _P.ROSTER_PUBLISH, _P.LEAVE_DECIDE,
            _P.USER_READ, _P.USER_EDIT,
            _P.RECORD_READ, _P.RECORD_WRITE, _P.RECORD_UNMASK, _P.PLAN_READ, _P.PLAN_EDIT, _P.PERSON_RIGHTS,
            _P.CHECKLIST_USE, _P.CHECKLIST_ALL, _P.REPORT_MAKE, _P.REPORT_WORK, _P.DIRECTORY_READ, _P.DIRECTORY_EDIT,
            _P.REFERRAL_MAKE, _P.CASE_READ, _P.CASE_ASSIGN, _P.CENTRE_STAFF, _P.COMPANION_MANAGE,
            _P.INCIDENT_READ, _P.INCIDENT_ACT, _P.INCIDENT_CLOSE, _P.INCIDENT_ALL, _P.LEDGER_READ, _P.ALARM_READ, _P.ALARM_SEEN,
        }
    ),
    Role.CENTRE: frozenset(
        {_P.OWN, _P.RECORD_READ, _P.RECORD_WRITE}
        | {_P.CHECKLIST_USE, _P.CHECKLIST_ALL, _P.REPORT_MAKE, _P.REPORT_WORK, _P.DIRECTORY_READ, _P.DIRECTORY_EDIT}
        | {_P.REFERRAL_MAKE, _P.CASE_READ, _P.CASE_WORK, _P.COMPANION_MANAGE}
    ),
    Role.COMPANION: frozenset({_P.OWN, _P.RECORD_READ, _P.DIRECTORY_READ, _P.SUPPORT_OWN}),
    Role.AUDITOR: frozenset({_P.OWN, _P.AUDIT_READ, _P.LEDGER_READ, _P.USER_READ, _P.ROSTER_READ, _P.ROSTER_DRAFT}),
    Role.OPERATOR: frozenset({_P.OWN, _P.USER_READ, _P.USER_EDIT, _P.ALARM_READ}),
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
