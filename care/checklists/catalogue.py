"""The instruments at hand: which version is used today, and which are offered on every path. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from care.checklists.engine import Engine
from care.checklists.errors import InstrumentRefused, UnknownInstrument
from care.checklists.model import Instrument
from care.proposals import Danger


class Catalogue:
    """Raises InstrumentRefused when nothing in it asks about suicide on every path: that must not be configured away."""

    def __init__(self, instruments: Iterable[Instrument]) -> None:
        self._engines = {(one.id, one.version): Engine(one) for one in instruments}
        always = {one for (one, _), engine in self._engines.items() if _asks_about_suicide(engine.instrument)}
        lost = [f"{one} version {version} must ask about suicide on every path, as its other versions do"
                for (one, version), engine in self._engines.items() if one in always and not _asks_about_suicide(engine.instrument)]  # fmt: skip
        if lost or not always:
            raise InstrumentRefused(lost or ["no checklist asks about suicide on every path"])

    def engine(self, instrument: str, version: str) -> Engine:
        """That of one version, also an old one. Raises UnknownInstrument."""
        try:
            return self._engines[instrument, version]
        except KeyError:
            raise UnknownInstrument from None

    def current(self, day: date) -> tuple[Instrument, ...]:
        """The version of each that is used on a day; what is offered on every path first."""
        newest: dict[str, Instrument] = {}
        for engine in self._engines.values():
            one = engine.instrument
            if one.since <= day and (one.id not in newest or newest[one.id].since < one.since):
                newest[one.id] = one
        return tuple(sorted(newest.values(), key=lambda one: (not one.everywhere, one.id)))

    def everywhere(self, day: date) -> tuple[str, ...]:
        """The ids of those that are offered on every path: with every contact, beside every checklist, before and after every result."""
        return tuple(one.id for one in self.current(day) if one.everywhere)


def _asks_about_suicide(one: Instrument) -> bool:
    return one.everywhere and any(rule.danger is Danger.SUICIDE for rule in one.alarms)
