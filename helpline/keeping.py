"""The rooms that keep something of people, for deletion, a person's copy and erasure, put together."""

from __future__ import annotations

from care.checklists import results
from care.checklists.keeping import ChecklistKeeping
from care.holding import Room
from care.reports import reports
from care.reports.keeping import ReportKeeping
from care.reports.traces import load_traces
from core.clock import Clock
from core.database import Database
from core.sealing import load_sealer
from core.secrets import load_cipher
from core.settings import Settings
from escalation import decisions, facts
from escalation.centre.keeping import CentreKeeping
from escalation.centre.reading import Reading
from escalation.centre.texts import PURPOSE as CENTRE_TEXTS
from escalation.centre.texts import Texts
from escalation.companions.keeping import CompanionKeeping
from escalation.decisions import Decisions
from escalation.facts import FactBook
from escalation.keeping import CrisisKeeping


def rooms(settings: Settings, db: Database, clock: Clock) -> tuple[Room, ...]:
    """All of them; accompaniments before the referrals that they stand on. Raises SecretsError."""
    texts = Texts(load_sealer(settings, CENTRE_TEXTS))
    return (
        CrisisKeeping(
            db,
            FactBook(db, clock, load_sealer(settings, facts.PURPOSE)),
            Decisions(db, clock, load_sealer(settings, decisions.PURPOSE)),
        ),
        CompanionKeeping(db, texts),
        CentreKeeping(db, Reading(db, clock, load_cipher(settings), texts)),
        ReportKeeping(db, load_sealer(settings, reports.PURPOSE), load_traces(settings)),
        ChecklistKeeping(db, load_sealer(settings, results.PURPOSE)),
    )
