"""What is known about the person in danger, for the hand-over card: typed while the talk goes on, sealed at rest.

A counsellor and a supervisor may write at the same time: each says which version they saw, and fields that nobody else has changed since
are both kept. Registration numbers are taken out. The timeline says which fields were told, never what.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from uuid import UUID

from care.scrub import scrub
from core.clock import Clock
from core.database import Database
from core.errors import DatabaseConflict
from core.sealing import Sealer
from escalation.card import Person, Reporter
from escalation.errors import EscalationError, TooLong, UnknownIncident
from escalation.statements import statement

#: What the installation's keys seal these for (`core.sealing.load_sealer`).
PURPOSE = "incident facts"
#: Characters of one field.
LONGEST = 1000
#: Somebody else was faster so often.
TRIES = 5

_READ = statement("SELECT version, sealed FROM incident_facts WHERE incident_id = :incident_id")
_WRITE = statement(
    """
    WITH told AS (
        INSERT INTO incident_facts (incident_id, version, sealed, changed_at, changed_by)
        VALUES (:incident_id, :version + 1, :sealed, :at, :by)
        ON CONFLICT (incident_id) DO UPDATE SET version = excluded.version, sealed = excluded.sealed,
            changed_at = excluded.changed_at, changed_by = excluded.changed_by
        WHERE incident_facts.version = :version
        RETURNING incident_id
    ), noted AS (
        INSERT INTO incident_events (incident_id, at, kind, detail) SELECT incident_id, :at, 'facts_told', :detail FROM told
    )
    SELECT incident_id FROM told
    """
)


class UnknownField(EscalationError):
    """The card has no such field."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known. Version 0: nothing yet."""

    version: int = 0
    person: Person = field(default_factory=Person)
    #: None: the person speaks for themselves.
    reporter: Reporter | None = None


class FactBook:
    """Reads and writes them. Who reads is in the access log before. Raises DatabaseUnavailable, UnknownIncident, CipherError."""

    def __init__(self, db: Database, clock: Clock, sealer: Sealer) -> None:
        """`sealer`: for `PURPOSE`."""
        self._db = db
        self._clock = clock
        self._sealer = sealer

    async def read(self, incident_id: UUID) -> Facts:
        """What is known now."""
        for row in await self._db.execute(_READ, {"incident_id": incident_id}):
            return _opened(row.version, self._sealer.open(row.sealed, owner=incident_id.bytes))
        return Facts()

    async def tell(self, incident_id: UUID, changes: Mapping[str, str], *, by: UUID, reporter: Reporter | None = None) -> Facts:
        """Change fields of the person (names of `Person`), and the reporter where one is given; what is known then. `by`: a desk user.

        Fields that are not named stay. Raises TooLong, UnknownField.
        """
        _check(changes, reporter)
        clean = {name: scrub(text).text for name, text in changes.items()}
        for _ in range(TRIES):
            before = await self.read(incident_id)
            after = replace(
                before, version=before.version + 1, person=replace(before.person, **clean), reporter=reporter or before.reporter
            )
            told = sorted([*clean, *(["reporter"] if reporter else [])])
            values = {
                "incident_id": incident_id,
                "version": before.version,
                "sealed": self._sealer.seal(_closed(after), owner=incident_id.bytes),
                "at": self._clock.now(),
                "by": by,
                "detail": {"by": str(by), "fields": " ".join(told)},
            }
            try:
                if await self._db.execute(_WRITE, values):
                    return after
            except DatabaseConflict as error:
                raise UnknownIncident from error
        raise EscalationError("others write the same card, again and again")


def _check(changes: Mapping[str, str], reporter: Reporter | None) -> None:
    known = {one.name for one in fields(Person)}
    if unknown := sorted(changes.keys() - known):
        raise UnknownField(f"the card has no {', '.join(unknown)}")
    texts = {**changes, **({f"reporter's {name}": text for name, text in asdict(reporter).items()} if reporter else {})}
    for name, text in texts.items():
        if len(text) > LONGEST:
            raise TooLong(f"{name} has {len(text)} characters, and {LONGEST} are allowed")


def _closed(facts: Facts) -> bytes:
    reporter = None if facts.reporter is None else asdict(facts.reporter)
    return json.dumps({"person": asdict(facts.person), "reporter": reporter}, ensure_ascii=False).encode()


def _opened(version: int, plain: bytes) -> Facts:
    tree = json.loads(plain)
    known = {one.name for one in fields(Person)}
    # A field of a later version is left out, not an error: the rest is needed now.
    person = Person(**{name: str(text) for name, text in tree["person"].items() if name in known})
    reporter = tree["reporter"]
    return Facts(
        version=version,
        person=person,
        reporter=None if reporter is None else Reporter(relation=str(reporter["relation"]), number=str(reporter["number"])),
    )
