"""What comes in: contacts by hour of day and how long they talk, as derived from a real helpline (`load.toml`, `helpline.twin.derive`). Pure."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from core.errors import AnnyeongError

HOURS = 24
#: Contacts a day of this line between April and August 2025, and in the whole year (the service's own figures).
CONTACTS_A_DAY = 115.0
CONTACTS_A_YEAR = 33_148


class LoadError(AnnyeongError):
    """The description of the load can't be used; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """One kind of day. Times in seconds."""

    #: Share of a day's contacts in each hour of day (00 to 23, local time); together 1.
    by_hour: tuple[float, ...]
    talk_mean_s: float
    talk_median_s: float
    #: Shares of all contacts that are no counselling talk: nobody speaks, and wrong number or prank.
    silent: float
    wrong: float
    #: Share of counselling talks in which suicide was a topic.
    suicide: float
    source: str

    def __post_init__(self) -> None:
        if len(self.by_hour) != HOURS or not math.isclose(sum(self.by_hour), 1, abs_tol=0.001):
            raise LoadError("a load needs 24 shares that add up to 1")
        if min(self.by_hour) < 0 or not 0 < self.talk_median_s <= self.talk_mean_s:
            raise LoadError("shares can't be negative, and a talk's median can't be above its mean")
        if not all(0 <= share < 1 for share in (self.silent, self.wrong, self.suicide)):
            raise LoadError("a share is from 0 to 1")

    def hourly(self, a_day: float) -> tuple[float, ...]:
        """Contacts an hour in each hour of day, with `a_day` contacts a day."""
        return tuple(share * a_day for share in self.by_hour)

    @property
    def talk_sigma(self) -> float:
        """Of the log-normal distribution that has this mean and median: mean / median = exp(sigma^2 / 2)."""
        return math.sqrt(2 * math.log(self.talk_mean_s / self.talk_median_s))


def flat(load: Load) -> Load:
    """The same load with every hour alike, for what a formula of a steady state can say."""
    return Load(
        by_hour=(1 / HOURS,) * HOURS,
        talk_mean_s=load.talk_mean_s,
        talk_median_s=load.talk_median_s,
        silent=load.silent,
        wrong=load.wrong,
        suicide=load.suicide,
        source=load.source,
    )


def parse(text: str) -> Load:
    """A load from TOML. Raises `LoadError`."""
    try:
        tree = tomllib.loads(text)
        talk, shares = _numbers(tree["talk"]), _numbers(tree["shares"])
        return Load(
            by_hour=tuple(float(share) for share in tree["arrivals"]["by_hour"]),
            talk_mean_s=talk["mean_s"],
            talk_median_s=talk["median_s"],
            silent=shares["silent"],
            wrong=shares["wrong"],
            suicide=shares["suicide"],
            source=str(tree["source"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise LoadError(f"this is no description of a load: {type(error).__name__}: {error}") from error


def _numbers(table: Mapping[str, object]) -> dict[str, float]:
    return {name: float(str(value)) for name, value in table.items()}


@cache
def shipped() -> Load:
    """The load that ships with the program: the shape of Tel 143 Zurich, 2019."""
    return parse(resources.files(__package__).joinpath("load.toml").read_text("utf-8"))
