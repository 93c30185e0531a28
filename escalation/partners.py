"""Emergency partners: who they are, when they can be called, in which order for which danger. Data from a file; nobody else is dialled.

`Partners` is the allow-list of crisis calls: a dial string comes from here or there is none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum

from core import number_pattern
from core.clock import seoul
from core.phone import normalise
from core.settings_escalation import EscalationSettings
from escalation.errors import PartnerOnThePhone, UnknownPartner
from escalation.model import Attempt, Danger, Dial, Incident


class PartnerKind(StrEnum):
    """What a partner is."""

    POLICE = "police"
    FIRE = "fire"
    SUICIDE_LINE = "suicide_line"
    MENTAL_HEALTH_LINE = "mental_health_line"
    OTHER = "other"


class Need(StrEnum):
    """What a partner asks for; names of the hand-over card's lines."""

    PLACE = "place"
    DISTRICT = "district"
    NUMBER = "number"
    NAME = "name"
    WHAT_HAPPENS = "what_happens"
    MEANS = "means"
    WEAPON = "weapon"
    INTOXICATION = "intoxication"
    ALONE = "alone"
    INJURIES = "injuries"
    ILLNESS = "illness"
    LANGUAGE = "language"


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """A stretch of the week, in Asia/Seoul. `to` not after `since` means the next morning."""

    #: 0 is Monday.
    days: frozenset[int]
    since: time
    to: time

    def covers(self, at: datetime) -> bool:
        """Whether an instant is in it."""
        local = seoul(at)
        now, today = local.time(), local.weekday()
        if self.since < self.to:
            return today in self.days and self.since <= now < self.to
        yesterday = (local - timedelta(days=1)).weekday()
        return (today in self.days and now >= self.since) or (yesterday in self.days and now < self.to)


@dataclass(frozen=True, slots=True, kw_only=True)
class Partner:
    """An emergency partner."""

    id: str
    kind: PartnerKind
    name_ko: str
    name_en: str
    #: A telephone number in any usual form, or `PJSIP/…`.
    target: str
    #: When they can be called; empty: always.
    hours: tuple[Open, ...] = ()
    needs: tuple[Need, ...] = ()
    #: None: as the settings say; seconds.
    ring_s: float | None = None
    briefing: tuple[str, ...] = ()

    def open_at(self, at: datetime) -> bool:
        """Whether they can be called then."""
        return not self.hours or any(stretch.covers(at) for stretch in self.hours)


class Partners:
    """The partners of this installation and how each is dialled."""

    def __init__(
        self, partners: Sequence[Partner], order: Mapping[Danger, Sequence[str]], settings: EscalationSettings | None = None
    ) -> None:
        """`partners` and `order` as `escalation.partners_file` has checked them."""
        self._settings = settings or EscalationSettings()
        self._by_id = {partner.id: partner for partner in partners}
        self._order = {danger: tuple(ids) for danger, ids in order.items()}

    @property
    def all(self) -> tuple[Partner, ...]:
        """In the order of the file."""
        return tuple(self._by_id.values())

    @property
    def test_mode(self) -> bool:
        """Whether every call goes to the test endpoint instead of the partner."""
        return bool(self._settings.test_target)

    def get(self, partner_id: str) -> Partner:
        """Raises UnknownPartner."""
        try:
            return self._by_id[partner_id]
        except KeyError:
            raise UnknownPartner(f'there is no partner "{partner_id}" in the partners file: nobody else is dialled') from None

    def chain(self, danger: Danger | None, at: datetime, *, third_party_location: bool = False) -> tuple[Partner, ...]:
        """Who is called, first to last, at this instant. An unknown danger is `other`.

        `third_party_location`: the whereabouts of somebody else are needed, and only the police may ask for those (Location Act art. 29).
        """
        found = [self._by_id[partner_id] for partner_id in self._order[danger or Danger.OTHER]]
        if third_party_location:
            police = [partner for partner in self._by_id.values() if partner.kind is PartnerKind.POLICE]
            found = [*police, *(partner for partner in found if partner not in police)]
        return tuple(partner for partner in found if partner.open_at(at) and self.endpoint(partner))

    def next(self, incident: Incident, at: datetime, partner_id: str | None = None) -> Partner | None:
        """Whom to call now; None: everybody of this round was tried.

        `partner_id`: this one, whatever the chain says. Raises UnknownPartner, PartnerOnThePhone (also where there is no trunk to call them
        by: UnknownPartner).
        """
        live = {attempt.partner_id for attempt in incident.live}
        if partner_id is not None:
            partner = self.get(partner_id)
            if partner_id in live:
                raise PartnerOnThePhone
            if not self.endpoint(partner):
                raise UnknownPartner(f'partner "{partner_id}" has a number, and escalation.trunk names no trunk to dial it by')
            return partner
        tried = live | {attempt.partner_id for attempt in incident.attempts[incident.exhausted or 0 :]}
        chain = self.chain(incident.danger, at, third_party_location=incident.third_party)
        return next((partner for partner in chain if partner.id not in tried), None)

    def dial(self, partner: Partner, attempt: Attempt) -> Dial:
        """How to call a partner for an attempt."""
        return Dial(
            attempt_id=attempt.id,
            number=attempt.number,
            leg_id=attempt.leg_id,
            partner_id=partner.id,
            name=partner.name_ko,
            name_en=partner.name_en,
            endpoint=self.endpoint(partner),
            ring_s=self._settings.ring_s if partner.ring_s is None else partner.ring_s,
            briefing=partner.briefing,
            caller_id=self._settings.caller_id,
            test=self.test_mode,
        )

    def endpoint(self, partner: Partner) -> str:
        """Such as `PJSIP/112@carrier`; in test mode the test endpoint; empty where no trunk is set to dial a number by."""
        target = self._settings.test_target or self.get(partner.id).target
        if target.startswith("PJSIP/"):
            return target
        e164 = normalise(target).e164
        return f"PJSIP/{number_pattern.dialled(e164)}@{self._settings.trunk}" if e164 and self._settings.trunk else ""
