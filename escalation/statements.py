"""The SQL of `escalation.book`: what is waited for, and what goes through the journal.

A journal's line names its incident by id, and by contact where the row of that id was never made: without the database two processes may both
have begun one, and the second of them became the first.

A line's contact is the one by which its writer has the incident: the contact of the crisis, or the one by which its caller is back. Whose that
contact is by now decides (see `routing.contact_statements`): what a process says of a call that another one has changes nothing, and stands in
the timeline as late. A person's word that there is a crisis is never late.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy import BindParameter, DateTime, Executable, TextClause, Uuid, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from escalation.model import INCIDENT_ORDERS, INCIDENTS_CHANGED

_UUIDS = frozenset(
    {"id", "incident_id", "contact_id", "counsellor_id", "attempt_id", "by", "order_id", "owner", "new_counsellor", "journal_"}
)
_PARAMETER = re.compile(r"(?<!:):([a-z_]+)")


def statement(sql: str) -> TextClause:
    """A statement whose parameters have their types."""
    names = set(_PARAMETER.findall(sql))
    binds: list[BindParameter[Any]] = [bindparam(name, type_=Uuid) for name in names & _UUIDS - {"contact_id"}]
    if "contact_id" in names:
        # Lines that an earlier version left in its spool do not all say it.
        binds.append(bindparam("contact_id", None, type_=Uuid))
    if "number" in names:
        binds.append(bindparam("number", None))
    if "at" in names:
        binds.append(bindparam("at", type_=DateTime(timezone=True)))
    if "detail" in names:
        binds.append(bindparam("detail", type_=JSONB))
    return text(sql).bindparams(*binds)


#: The open incident of a contact, or of the contact that it goes on from: somebody who dropped out of a crisis and is called back, or who
#: came back from the safety net after their contact had ended.
_OPEN_IN = """(
    WITH RECURSIVE line AS (
        SELECT CAST(:contact_id AS uuid) AS id, 0 AS steps
        UNION
        SELECT coalesce(b.contact_id, CAST(e.detail->>'contact' AS uuid)), steps + 1
        FROM line JOIN contacts c ON c.id = line.id LEFT JOIN callbacks b ON b.id = c.callback_id AND b.lane = 'crisis'
        LEFT JOIN events e ON e.contact_id = c.id AND e.kind = 'continues' AND b.id IS NULL
        WHERE steps < 50 AND coalesce(b.id, e.contact_id) IS NOT NULL
    ) SELECT o.id FROM line JOIN incidents o ON o.contact_id = line.id AND o.ended_at IS NULL ORDER BY steps LIMIT 1
)"""

#: The contact with the latest crisis that somebody of this number dropped out of.
DROPPED = statement(
    """
    SELECT c.id FROM contacts k JOIN contacts c ON c.number_index = k.number_index AND c.id <> k.id
    JOIN incidents i ON i.contact_id = c.id AND i.ended_at IS NULL AND NOT i.proposed
    WHERE k.id = :contact_id AND (c.outcome IS NOT NULL OR i.caller_gone_at IS NOT NULL) ORDER BY i.raised_at DESC LIMIT 1
    """
)

#: One statement, one commit. Nothing comes back in the rare case that somebody else's is committed just now: then ask again.
RAISE = statement(
    f"""
    WITH before AS (
        SELECT id, proposed FROM incidents WHERE id = {_OPEN_IN} AND ended_at IS NULL FOR UPDATE
    ), made AS (
        INSERT INTO incidents (id, contact_id, raised_at, raised_by, counsellor_id, danger, proposed, third_party, state)
        SELECT :id, :contact_id, :at, :raised_by, :counsellor_id, :danger, :proposed, :third_party, 'raised'
        WHERE NOT EXISTS (SELECT FROM before)
        ON CONFLICT DO NOTHING RETURNING id
    ), told AS (
        UPDATE incidents i SET proposed = i.proposed AND :proposed, danger = coalesce(i.danger, :danger),
            counsellor_id = coalesce(i.counsellor_id, :counsellor_id), third_party = i.third_party OR :third_party
        FROM before WHERE i.id = before.id RETURNING i.id
    ), found AS (
        SELECT id, true AS new FROM made
        UNION ALL SELECT before.id, before.proposed AND NOT :proposed FROM before JOIN told ON told.id = before.id
    ), noted AS (
        INSERT INTO incident_events (incident_id, at, kind, detail) SELECT id, :at, 'raised', :detail FROM found
    )
    SELECT id, new, pg_notify('{INCIDENTS_CHANGED}', id::text) FROM found
    """  # noqa: S608
)

#: The incident with its attempts, one row each.
_INCIDENT_ROW = """
    SELECT i.*, a.id AS attempt_id, a.number, a.partner_id, a.leg_id, a.started_at, a.stage, a.answered_at,
           a.ended_at AS attempt_ended_at, a.result, a.test,
           EXISTS (SELECT FROM incident_events e WHERE e.incident_id = i.id AND e.kind = 'called_off' AND NOT EXISTS (
               SELECT FROM incident_events l WHERE l.incident_id = i.id AND l.id > e.id
               AND (l.kind = 'dialled' OR (l.kind = 'raised' AND NOT coalesce((l.detail->>'proposed')::boolean, false)))
               AND l.detail->'late' IS NULL
           ) AND e.detail->'late' IS NULL) AS called_off
    FROM incidents i LEFT JOIN incident_attempts a ON a.incident_id = i.id
"""
LOAD = statement(f"{_INCIDENT_ROW} WHERE i.id = :incident_id ORDER BY a.number")
#: The incident stays that of the call in which it was raised.
OPEN_OF = statement(f"{_INCIDENT_ROW} WHERE i.id = {_OPEN_IN} ORDER BY a.number")
OPEN = text(f"{_INCIDENT_ROW} WHERE i.ended_at IS NULL ORDER BY i.raised_at, i.id, a.number")
TIMELINE = statement("SELECT at, kind, attempt_id, detail FROM incident_events WHERE incident_id = :incident_id ORDER BY id")

#: Refused by the number where another process was faster, and where the contact is another's or over (`mine`); not `made` also where the
#: incident is over, or not there yet.
DIAL = statement(
    f"""
    WITH mine AS (
        SELECT FROM contacts WHERE id = :contact_id AND (owner IS NULL OR owner = :owner)
            AND (outcome IS NULL OR kind NOT IN ('phone', 'callback'))
    ), begun AS (
        UPDATE incidents SET state = CASE WHEN state IN ('raised', 'unreached') THEN 'dialling' ELSE state END, proposed = false
        WHERE id = :incident_id AND ended_at IS NULL AND EXISTS (SELECT FROM mine) RETURNING id
    ), made AS (
        INSERT INTO incident_attempts (id, incident_id, number, partner_id, leg_id, started_at, stage, test)
        SELECT :attempt_id, id, :number, :partner_id, :leg_id, :at, 'dialling', :test FROM begun RETURNING incident_id
    ), noted AS (
        INSERT INTO incident_events (incident_id, at, kind, attempt_id, detail)
        SELECT incident_id, :at, 'dialled', :attempt_id, :detail FROM made
    )
    SELECT EXISTS (SELECT FROM mine) AS mine, EXISTS (SELECT FROM made) AS made,
        (SELECT pg_notify('{INCIDENTS_CHANGED}', incident_id::text) FROM made)
    """  # noqa: S608
)
#: The constraint that refuses a number that is taken.
NUMBER_TAKEN = "uq_incident_attempts_incident_id_number"
CONTACT_MISSING = "fk_incidents_contact_id"

ORDER = statement(
    f"""
    WITH made AS (
        INSERT INTO incident_orders (id, incident_id, contact_id, kind, partner_id, counsellor_id, at)
        SELECT :order_id, id, contact_id, :kind, :partner_id, :counsellor_id, :at FROM incidents
        WHERE id = {_OPEN_IN} AND ended_at IS NULL RETURNING incident_id, contact_id
    )
    SELECT incident_id, pg_notify('{INCIDENT_ORDERS}', contact_id::text) FROM made
    """  # noqa: S608
)
TAKE_ORDERS = statement(
    """
    WITH waiting AS (
        SELECT o.id FROM incident_orders o JOIN contacts c ON c.id = o.contact_id
        WHERE o.taken_at IS NULL AND (
            c.owner = :owner
            -- Of a call that is over: whoever comes first, unless somebody has its caller on the telephone again.
            OR (c.outcome IS NOT NULL AND c.kind IN ('phone', 'callback', 'linked'))
        ) AND NOT EXISTS (
            SELECT FROM contacts k JOIN callbacks b ON b.id = k.callback_id
            WHERE b.contact_id = c.id AND b.lane = 'crisis' AND k.outcome IS NULL AND k.owner <> :owner
        ) FOR UPDATE OF o SKIP LOCKED
    ), taken AS (
        UPDATE incident_orders o SET taken_at = :at, taken_by = :owner FROM waiting WHERE o.id = waiting.id RETURNING o.*
    )
    SELECT * FROM taken ORDER BY at, id
    """
)

_MINE = f"coalesce((SELECT i.id FROM incidents i WHERE i.id = :incident_id), {_OPEN_IN})"  # noqa: S608
#: The writer still has the contact.
_OURS = """(
    CAST(:contact_id AS uuid) IS NULL
    OR EXISTS (SELECT FROM contacts w WHERE w.id = :contact_id AND (w.owner IS NULL OR w.owner = :journal_))
)"""
#: What is never late: a person's word, and what anybody may do for a call that is over.
_ANYBODY = "('raised', 'described', 'redialled')"

#: Statements of the journal, by the name under which they are replayed.
JOURNAL_STATEMENTS: Mapping[str, Executable] = {
    # Begun without the database. Whoever has one open there already keeps it; what follows is written to that one.
    "incident_raised": statement(
        f"""
        INSERT INTO incidents (id, contact_id, raised_at, raised_by, counsellor_id, danger, proposed, third_party, state)
        SELECT :incident_id, :contact_id, :at, :raised_by, :counsellor_id, :danger, :proposed, :third_party, 'raised'
        WHERE {_OPEN_IN} IS NULL
        ON CONFLICT DO NOTHING
        """
    ),
    "incident_accepted": statement(f"UPDATE incidents SET proposed = false WHERE id = {_MINE} AND ended_at IS NULL"),  # noqa: S608
    "incident_described": statement(
        f"""
        UPDATE incidents SET danger = coalesce(:danger, danger), third_party = coalesce(CAST(:third_party AS boolean), third_party)
        WHERE id = {_MINE}
        """  # noqa: S608
    ),
    "incident_event": statement(
        f"""
        INSERT INTO incident_events (incident_id, at, kind, attempt_id, detail) SELECT {_MINE}, :at, :kind, :attempt_id, :detail
        || CASE WHEN CAST(:kind AS text) IN {_ANYBODY} OR {_OURS} THEN '{{}}'::jsonb ELSE '{{"late": true}}'::jsonb END
        """
    ),
    # A statement that seemed too late may have been in time: then it is the same row. The number it was dialled by, unless another has it.
    "incident_attempt": statement(
        f"""
        INSERT INTO incident_attempts (id, incident_id, number, partner_id, leg_id, started_at, stage, test)
        SELECT :attempt_id, {_MINE}, CASE WHEN count(*) FILTER (WHERE number = CAST(:number AS integer)) = 0
            THEN coalesce(CAST(:number AS integer), 1 + max(number), 1) ELSE 1 + max(number) END, :partner_id, :leg_id, :at, 'dialling', :test
        FROM incident_attempts WHERE incident_id = {_MINE} HAVING {_OURS}
        ON CONFLICT DO NOTHING
        """  # noqa: S608
    ),
    "incident_stage": statement(
        f"""
        UPDATE incident_attempts SET stage = :stage, answered_at = coalesce(answered_at, :at)
        WHERE id = :attempt_id AND stage = ANY(CAST(:stages AS text[])) AND {_OURS}
        """  # noqa: S608
    ),
    "incident_attempt_over": statement(
        f"""
        UPDATE incident_attempts a SET stage = 'over', ended_at = greatest(:at, a.started_at), result = coalesce(:result,
            (SELECT CASE WHEN i.taken_over_at IS NULL THEN 'left' ELSE 'taken_over' END FROM incidents i WHERE i.id = a.incident_id))
        WHERE a.id = :attempt_id AND a.stage <> 'over' AND {_OURS}
        """  # noqa: S608
    ),
    "incident_taken_over": statement(
        f"UPDATE incidents SET taken_over_at = coalesce(taken_over_at, :at) WHERE id = {_MINE} AND {_OURS}"  # noqa: S608
    ),
    # How many there were is said by whoever knew it then: by now another round may have begun.
    "incident_exhausted": statement(
        f"""
        UPDATE incidents i SET exhausted = coalesce(
            CAST(:attempts AS integer), (SELECT count(*) FROM incident_attempts a WHERE a.incident_id = i.id)
        ) WHERE i.id = {_MINE} AND {_OURS}
        """  # noqa: S608
    ),
    "incident_caller_gone": statement(
        f"UPDATE incidents SET caller_gone_at = coalesce(caller_gone_at, :at) WHERE id = {_MINE} AND {_OURS}"  # noqa: S608
    ),
    "incident_caller_back": statement(f"UPDATE incidents SET caller_gone_at = NULL WHERE id = {_MINE} AND {_OURS}"),  # noqa: S608
    "incident_redialled": statement(f"UPDATE incidents SET redials = redials + 1 WHERE id = {_MINE}"),  # noqa: S608
    "incident_counsellor_gone": statement(
        f"UPDATE incidents SET counsellor_gone_at = coalesce(counsellor_gone_at, :at) WHERE id = {_MINE} AND {_OURS}"  # noqa: S608
    ),
    "incident_counsellor_back": statement(
        f"""
        UPDATE incidents SET counsellor_gone_at = NULL, counsellor_id = coalesce(:new_counsellor, counsellor_id) WHERE id = {_MINE} AND {_OURS}
        """  # noqa: S608
    ),
    # What `escalation.incident.state_of` says, from the rows.
    "incident_state": statement(
        f"""
        UPDATE incidents i SET state = CASE
            WHEN i.ended_at IS NOT NULL THEN i.state
            WHEN i.taken_over_at IS NOT NULL THEN 'taken_over'
            ELSE (
                SELECT CASE
                    WHEN bool_or(a.stage = 'joined') THEN 'joined'
                    WHEN bool_or(a.stage NOT IN ('over', 'dialling')) THEN 'answered'
                    WHEN bool_or(a.stage = 'dialling') THEN 'dialling'
                    WHEN i.exhausted = count(*) THEN 'unreached'
                    ELSE 'raised' END
                FROM incident_attempts a WHERE a.incident_id = i.id
            ) END
        WHERE i.id = {_MINE}
        """  # noqa: S608
    ),
    "incident_changed": statement(f"SELECT pg_notify('{INCIDENTS_CHANGED}', CAST(:incident_id AS text))"),
}
