"""The numbers of a helpline, each defined once, by intervals of time. Read from contacts, offers and their timelines.

A call belongs to the interval in which it began (came in; a call-back request: was made), on Seoul's clock, the beginning included and the
end not. Seconds and shares (0 to 1); None where there is nothing to divide by.

entered             calls that came in (call-backs of ours are no calls that came in; they have columns of their own; calls of the centre
                    and of companions have none)
ivr_abandoned       left inside the menu
transferred_away    taken by another desk of the Dasan centre, never in the line
offered             entered the line (after 5, or through the menu's other ways to a person, or in the dialplan's hands)
answered            bridged with a human, by the line or through the overflow; once, however often it was passed on or rescued
short_abandoned     left the line unanswered within `SHORT_S` seconds
queue_abandoned     left it unanswered later
callback_arranged   left it with a call-back arranged, unanswered
cut_off             unanswered, ended by a failure of ours
still_waiting       unanswered, and not over
                    (offered is the sum of these six)
service_level       answered within T / (answered + abandoned after T)
abandonment         queue_abandoned / (offered - short_abandoned)
asa_s, wait_p50_s … of the answered: time from entering the line to the human
aht_s               talk + wrap-up (see `routing.talks`; there is no hold) of answered calls that are over, all their talks together
overflow            offered calls for which standby or partner was tried; overflow_talked: who talked with one of them
callbacks_asked     requests made by key; callbacks_listed: those put on the list because a caller left or was cut off
callbacks_done      of both: a human talked with the person
told, told_held     callers who were told a time, and whose end shows whether it held; of those, for how many it did: from the first
                    announcement to the human within what was announced (who left later than announced counts as not held)
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text

from core.clock import seoul
from core.database import Database
from core.errors import AnnyeongError
from routing.talks import TALKS

#: Who leaves the line sooner has hardly heard that there is one.
SHORT_S = 10.0
#: T of the service level, unless said otherwise.
WITHIN_S = 20.0
MOST_INTERVALS = 20_000

EVERY = {"15m": timedelta(minutes=15), "30m": timedelta(minutes=30), "60m": timedelta(hours=1), "day": timedelta(days=1)}


class MeasuresError(AnnyeongError):
    """The period can't be measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """One interval, or the whole period. The words are the module's."""

    start: datetime
    end: datetime
    entered: int
    ivr_abandoned: int
    transferred_away: int
    offered: int
    answered: int
    short_abandoned: int
    queue_abandoned: int
    callback_arranged: int
    cut_off: int
    still_waiting: int
    service_level: float | None
    abandonment: float | None
    asa_s: float | None
    wait_p50_s: float | None
    wait_p90_s: float | None
    wait_p95_s: float | None
    wait_p99_s: float | None
    aht_s: float | None
    overflow: int
    overflow_talked: int
    #: Offered calls in the crisis lane, and of callers who neither spoke nor pressed a key.
    crisis: int
    silent: int
    callbacks_asked: int
    callbacks_listed: int
    callbacks_done: int
    told: int
    told_held: int
    told_share: float | None
    #: Calls that came in and are over, by `routing.model.Outcome`.
    outcomes: dict[str, int]


# Times of the events come from the program's clock, those of the offers from the database's: a wait below zero is none.
_CALLS = text(
    f"""
    WITH begun AS (
        SELECT c.id, c.lane, c.silent, c.outcome, c.answered_at, c.ended_at, date_bin(:every, c.entered_at, :start) AS bin,
               -- The dialplan rang counsellors for them without us: in a line of its own from the beginning.
               coalesce(c.queued_at, CASE WHEN coalesce(c.outcome, c.state) LIKE '%safety_net' THEN c.entered_at END) AS queued_at
        FROM contacts c WHERE c.entered_at >= :start AND c.entered_at < :until AND c.kind NOT IN ('callback', 'linked')
    ), heard AS (
        SELECT e.contact_id, min(e.at) FILTER (WHERE e.kind = 'bridged_outside') AS outside_at, bool_or(e.kind = 'overflow') AS overflow,
               (array_agg(ARRAY[extract(epoch FROM e.at), CAST(e.detail ->> 'low_s' AS numeric), CAST(e.detail ->> 'high_s' AS numeric)]
                          ORDER BY e.at, e.id)
                FILTER (WHERE e.kind = 'estimate' AND jsonb_typeof(e.detail -> 'low_s') = 'number'
                              AND jsonb_typeof(e.detail -> 'high_s') = 'number'))[1:1] AS told
        FROM events e JOIN begun ON begun.id = e.contact_id
        WHERE e.kind IN ('bridged_outside', 'overflow', 'estimate') GROUP BY e.contact_id
    ), calls AS (
        SELECT begun.id, begun.bin, begun.lane, begun.silent, begun.outcome, begun.queued_at, begun.ended_at, heard.overflow,
               to_timestamp(told[1][1]::float8) AS told_at, told[1][2]::float8 AS low_s, told[1][3]::float8 AS high_s,
               CASE WHEN queued_at IS NOT NULL THEN least(answered_at, outside_at) END AS answered_at,
               -- The outcome also says so where the note of the instant was lost.
               queued_at IS NOT NULL AND (
                   answered_at IS NOT NULL OR outside_at IS NOT NULL
                   OR coalesce(outcome IN ('talked', 'dropped', 'talked_overflow', 'talked_safety_net'), false)
               ) AS human
        FROM begun LEFT JOIN heard ON heard.contact_id = begun.id
    ), talked AS (
        SELECT t.contact_id, extract(epoch FROM sum(t.wrapped - t.began))::float8 AS handled_s, bool_and(t.wrapped IS NOT NULL) AS over
        FROM ({TALKS} AND k.entered_at >= :start AND k.entered_at < :until) t GROUP BY t.contact_id
    ), measured AS (
        SELECT calls.*, t.handled_s, queued_at IS NOT NULL AS offered, human AS answered, queued_at IS NOT NULL AND NOT human AS unanswered,
               CASE WHEN answered_at IS NOT NULL THEN extract(epoch FROM greatest(answered_at, queued_at) - queued_at)::float8 END AS wait_s,
               extract(epoch FROM greatest(ended_at, queued_at) - queued_at)::float8 AS stayed_s,
               calls.outcome IN ('abandoned_waiting', 'abandoned_in_menu', 'abandoned_safety_net') AS abandoned,
               extract(epoch FROM calls.answered_at - calls.told_at)::float8 AS after_told_s,
               extract(epoch FROM calls.ended_at - calls.told_at)::float8 AS left_after_told_s
        FROM calls LEFT JOIN talked t ON t.contact_id = calls.id AND t.over AND calls.ended_at IS NOT NULL
    ), judged AS (
        SELECT measured.*,
               CASE WHEN told_at IS NULL OR told_at > answered_at THEN NULL
                    WHEN answered THEN after_told_s BETWEEN low_s AND high_s
                    WHEN left_after_told_s > high_s THEN false END AS held
        FROM measured
    )
    SELECT bin,
           count(*) AS entered,
           count(*) FILTER (WHERE NOT offered AND abandoned) AS ivr_abandoned,
           count(*) FILTER (WHERE NOT offered AND outcome = 'transferred') AS transferred_away,
           count(*) FILTER (WHERE offered) AS offered,
           count(*) FILTER (WHERE answered) AS answered,
           count(*) FILTER (WHERE unanswered AND abandoned AND stayed_s < :short_s) AS short_abandoned,
           count(*) FILTER (WHERE unanswered AND abandoned AND stayed_s >= :short_s) AS queue_abandoned,
           count(*) FILTER (WHERE unanswered AND outcome = 'callback_arranged') AS callback_arranged,
           count(*) FILTER (WHERE unanswered AND outcome IS NULL) AS still_waiting,
           count(*) FILTER (WHERE unanswered AND NOT abandoned AND outcome <> 'callback_arranged') AS cut_off,
           count(*) FILTER (WHERE answered AND wait_s <= :within_s)::float8
               / nullif(count(*) FILTER (WHERE answered OR (unanswered AND abandoned AND stayed_s > :within_s)), 0) AS service_level,
           avg(wait_s) FILTER (WHERE answered) AS asa_s,
           percentile_cont(ARRAY[0.5, 0.9, 0.95, 0.99]) WITHIN GROUP (ORDER BY wait_s) FILTER (WHERE answered) AS waits,
           avg(handled_s) FILTER (WHERE answered) AS aht_s,
           count(*) FILTER (WHERE offered AND overflow) AS overflow,
           count(*) FILTER (WHERE outcome = 'talked_overflow') AS overflow_talked,
           count(*) FILTER (WHERE offered AND lane = 'crisis') AS crisis,
           count(*) FILTER (WHERE offered AND silent) AS silent,
           count(*) FILTER (WHERE held IS NOT NULL) AS told,
           count(*) FILTER (WHERE held) AS told_held
    FROM judged GROUP BY GROUPING SETS ((bin), ())
    """  # noqa: S608 - put together from constants
)

_OUTCOMES = text(
    """
    SELECT date_bin(:every, entered_at, :start) AS bin, outcome, count(*) AS number
    FROM contacts WHERE entered_at >= :start AND entered_at < :until AND kind NOT IN ('callback', 'linked') AND outcome IS NOT NULL
    GROUP BY 1, 2 ORDER BY 2
    """
)

_CALLBACKS = text(
    """
    SELECT date_bin(:every, created_at, :start) AS bin, count(*) FILTER (WHERE reason = 'asked') AS callbacks_asked,
           count(*) FILTER (WHERE reason <> 'asked') AS callbacks_listed, count(*) FILTER (WHERE outcome = 'talked') AS callbacks_done
    FROM callbacks WHERE created_at >= :start AND created_at < :until GROUP BY 1
    """
)


async def measure(
    db: Database, start: datetime, until: datetime, *, every: timedelta, wrapup_s: float, within_s: float = WITHIN_S
) -> tuple[list[Measures], Measures]:
    """The intervals that touch the period, empty ones too, and all of them together.

    The period is widened to whole intervals of Seoul's day. `wrapup_s`: after how long wrap-up ends by itself; `within_s`: T of the service
    level. Raises `MeasuresError`, `DatabaseUnavailable`, `DatabaseError`.
    """
    if every not in EVERY.values():
        raise MeasuresError("intervals of 15, 30 or 60 minutes, or of a day")
    first, last = floor(start, every), floor(until - timedelta(microseconds=1), every) + every
    if last <= first:
        raise MeasuresError("the period ends before it begins")
    if (last - first) / every > MOST_INTERVALS:
        raise MeasuresError(f"that would be more than {MOST_INTERVALS} intervals: a shorter period, or longer intervals")
    period: dict[str, object] = {"start": first, "until": last, "every": every}
    calls = await db.execute(_CALLS, {**period, "wrapup_s": wrapup_s, "within_s": within_s, "short_s": SHORT_S})
    counted = {row.bin: row._asdict() for row in calls}
    outcomes: defaultdict[datetime | None, Counter[str]] = defaultdict(Counter)
    for row in await db.execute(_OUTCOMES, period):
        outcomes[row.bin][row.outcome] += row.number
        outcomes[None][row.outcome] += row.number
    requests: defaultdict[datetime | None, Counter[str]] = defaultdict(Counter)
    for row in await db.execute(_CALLBACKS, period):
        numbers = {name: number for name, number in row._asdict().items() if name != "bin"}
        requests[row.bin].update(numbers)
        requests[None].update(numbers)

    def made(key: datetime | None, start: datetime, end: datetime) -> Measures:
        return _measures({**counted.get(key, {}), **requests[key], "outcomes": dict(outcomes[key])}, start, end)

    starts = [first + number * every for number in range((last - first) // every)]
    return [made(start, start, start + every) for start in starts], made(None, first, last)


def floor(instant: datetime, every: timedelta) -> datetime:
    """The beginning of the interval an instant is in, counted from midnight in Seoul (which has no summer time)."""
    local = seoul(instant)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + (local - midnight) // every * every


def _measures(found: Mapping[str, Any], start: datetime, end: datetime) -> Measures:
    values: dict[str, Any] = {item.name: found.get(item.name) for item in fields(Measures)}
    values |= {item.name: values[item.name] or 0 for item in fields(Measures) if item.type == "int"}
    p50, p90, p95, p99 = found.get("waits") or (None,) * 4
    values |= {"wait_p50_s": p50, "wait_p90_s": p90, "wait_p95_s": p95, "wait_p99_s": p99, "start": seoul(start), "end": seoul(end)}
    values["abandonment"] = _share(values["queue_abandoned"], values["offered"] - values["short_abandoned"])
    values["told_share"] = _share(values["told_held"], values["told"])
    return Measures(**values)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole > 0 else None
