"""The hand-over card of an incident, what is typed into it, and the ledger of what was disclosed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime, time, timedelta
from uuid import UUID

from core.audit import Access, AccessLog, Detail
from core.cipher import NumberCipher
from core.clock import SEOUL, Clock, seoul
from core.phone import national, normalise
from desk import masking
from desk.access.model import Permission
from desk.errors import NOT_FOUND, Problem
from desk.incidents import card_models as m
from desk.incidents import problems
from desk.incidents.known import Known
from desk.incidents.problems import told
from desk.incidents.store import Seen, Store, onlooker
from desk.routes import Audit, Call, Route
from escalation.card import Person, Reporter, card, ledger_lines, lines
from escalation.facts import FactBook, Facts
from escalation.ledger import Ledger
from escalation.ledger_model import Disclosure, Entry
from escalation.partners import Need, Partners

#: Fields of `Person`, in the order of the card.
FIELDS = tuple(Person.__dataclass_fields__)


class Cards:
    """Its routes."""

    def __init__(
        self, store: Store, clock: Clock, partners: Partners, facts: FactBook, ledger: Ledger, cipher: NumberCipher, audit: AccessLog,
        known: Known, direct_line: str,
    ) -> None:  # fmt: skip
        self._store = store
        self._clock = clock
        self._partners = partners
        self._facts = facts
        self._ledger = ledger
        self._cipher = cipher
        self._audit = audit
        self._known = known
        self._direct_line = direct_line

    def routes(self) -> list[Route]:
        """See each."""
        p, one = Permission, "/api/incidents/{incident_id}"

        def audit(action: str, *detail: str) -> Audit:
            return Audit(action=action, about_kind="incident", about="incident_id", detail=detail)

        return [
            Route(method="GET", path=f"{one}/card", handler=self.read, permission=p.INCIDENT_READ, problems=(problems.UNKNOWN_PARTNER,),
                  audit=audit("incident_card_read")),
            Route(method="PATCH", path=f"{one}/card", handler=self.tell, permission=p.INCIDENT_ACT,
                  problems=(problems.INCIDENT_OVER, problems.CARD_IS_BUSY), audit=audit("incident_facts_told")),
            Route(method="GET", path=f"{one}/disclosures", handler=self.disclosed, permission=p.INCIDENT_READ,
                  audit=audit("disclosures_read")),
            Route(method="POST", path=f"{one}/disclosures", handler=self.disclose, permission=p.INCIDENT_ACT, status=201,
                  problems=(problems.WRONG_DISCLOSURE,), audit=audit("disclosure_written", "recipient", "ground")),
            Route(method="GET", path="/api/disclosures", handler=self.ledger, permission=p.LEDGER_READ, audit="ledger_read"),
        ]  # fmt: skip

    @told
    async def read(self, call: Call, incident_id: UUID, query: m.CardWanted) -> m.CardOut:
        """The card as it is now, as fields and as lines to print. Numbers are whole while the incident is open."""
        seen = await self._find(call, incident_id)
        needs = self._partners.get(query.partner).needs if query.partner else self._asked_now(seen)
        return await self._card(call, seen, await self._facts.read(incident_id), needs)

    @told
    async def tell(self, call: Call, incident_id: UUID, body: m.FactsIn) -> m.CardOut:
        """Write down what is known; fields that are left out stay, also those that somebody else writes just now."""
        seen = await self._find(call, incident_id)
        if seen.incident.over:
            raise Problem(problems.INCIDENT_OVER, state=str(seen.incident.state))
        changes = {name: text for name in FIELDS if (text := getattr(body, name)) is not None}
        said = body.reporter
        # A form that nobody filled in names no reporter.
        reporter = Reporter(relation=said.relation, number=said.number) if said and (said.relation or said.number) else None
        facts = await self._facts.tell(incident_id, changes, by=call.actor.user_id, reporter=reporter)
        return await self._card(call, seen, facts, self._asked_now(seen))

    @told
    async def disclosed(self, call: Call, incident_id: UUID) -> m.DisclosuresOut:
        """What was given to whom in this incident."""
        await self._find(call, incident_id)
        return await self._rows(await self._ledger.about(incident_id))

    @told
    async def disclose(self, call: Call, incident_id: UUID, body: m.DisclosureIn) -> m.DisclosureOut:
        """Write down what was given to whom, on which ground. It can't be changed afterwards, also when the incident is over."""
        await self._find(call, incident_id)
        made = await self._ledger.record(
            Disclosure(
                about_kind="incident",
                about=incident_id,
                recipient=body.recipient,
                items=tuple(str(item) for item in dict.fromkeys(body.items)),
                ground=body.ground,
                decided_by=call.actor.user_id,
                consent_id=body.consent,
            )
        )
        rows = await self._rows(await self._ledger.about(incident_id))
        return next(row for row in rows.disclosures if row.id == made)

    @told
    async def ledger(self, call: Call, query: m.Period) -> m.DisclosuresOut:
        """Everything that was disclosed in a period."""
        since = datetime.combine(query.since, time(), SEOUL)
        until = datetime.combine(query.until, time(), SEOUL) + timedelta(days=1)
        return await self._rows(await self._ledger.between(since, until))

    async def _find(self, call: Call, incident_id: UUID) -> Seen:
        seen = await self._store.one(onlooker(call.actor), incident_id)
        if seen is None:
            raise Problem(NOT_FOUND)
        return seen

    def _asked_now(self, seen: Seen) -> tuple[Need, ...]:
        """What whoever is on the phone will ask for, or who is next."""
        live = seen.incident.live
        if live:
            known = {one.id: one for one in self._partners.all}
            partner = known.get(live[-1].partner_id)
        else:
            partner = self._partners.next(seen.incident, self._clock.now())
        return partner.needs if partner else ()

    async def _card(self, call: Call, seen: Seen, facts: Facts, needs: tuple[Need, ...]) -> m.CardOut:
        it, covered = seen.incident, seen.incident.over
        # Whose data it is: the gate has said that a card was asked for, this says of which call.
        task: Detail = {"incident": str(it.id), "task": "crisis", "covered": covered}
        access = Access(action="person_data_read", actor=call.actor.user_id, about_kind="contact", about=str(it.contact_id), detail=task)
        await self._audit.write(access)
        known = await self._known.of_contact(it.contact_id)
        sealed, _ = await self._store.caller(it.contact_id)
        caller = "" if sealed is None else self._cipher.decrypt(sealed)
        shown = masking.number(caller) if covered and caller else caller and national(caller)
        facts = _covered(facts) if covered else facts
        person = replace(facts.person, **{name: text for name, text in known.items() if not getattr(facts.person, name)})
        made = card(
            it,
            self._partners,
            self._clock.now(),
            person=person,
            reporter=facts.reporter,
            caller_number=shown,
            direct_line=self._direct_line,
        )
        return m.CardOut(
            incident=it.id,
            version=facts.version,
            told=asdict(facts.person),
            known=dict(known),
            reporter=None if facts.reporter is None else m.ReporterOut(relation=facts.reporter.relation, number=facts.reporter.number),
            caller=shown or None,
            covered=covered,
            test=self._partners.test_mode,
            lines=m.LinesOut(ko=list(lines(made, "ko", needs)), en=list(lines(made, "en", needs))),
        )

    async def _rows(self, entries: tuple[Entry, ...]) -> m.DisclosuresOut:
        names = await self._store.names({entry.disclosure.decided_by for entry in entries})
        return m.DisclosuresOut(
            disclosures=[_row(entry, names) for entry in entries],
            lines=m.LinesOut(ko=list(ledger_lines(entries, "ko")), en=list(ledger_lines(entries, "en"))),
        )


def _row(entry: Entry, names: Mapping[UUID, str]) -> m.DisclosureOut:
    one = entry.disclosure
    return m.DisclosureOut(
        id=entry.id,
        at=seoul(entry.at),
        about_kind=one.about_kind,
        about=one.about,
        recipient=one.recipient,
        items=list(one.items),
        ground=str(one.ground),
        decided_by=one.decided_by,
        decided_by_name=names.get(one.decided_by),
        consent=one.consent_id,
    )


def _covered(facts: Facts) -> Facts:
    """The same with numbers that show only their ends."""
    person = replace(facts.person, number=_ends(facts.person.number))
    reporter = None if facts.reporter is None else replace(facts.reporter, number=_ends(facts.reporter.number))
    return replace(facts, person=person, reporter=reporter)


def _ends(typed: str) -> str:
    if not typed:
        return ""
    return masking.number(normalise(typed).e164 or "")
