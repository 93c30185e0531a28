"""The SQL of `routing.callbacks`: every change is one statement, and the epoch of a row fences whoever held it before.

A number has at most one live request. Whoever adds one first locks the number for its transaction (`LOCK`, released by the commit), so two
calls of one person that end in the same instant make one row.
"""

from __future__ import annotations

from sqlalchemy import DateTime, Text, TextClause, Uuid, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY

_AT = DateTime(timezone=True)


def _statement(sql: str, *uuids: str) -> TextClause:
    return text(sql).bindparams(*(bindparam(name, type_=Uuid) for name in uuids))


CONTACT = _statement("SELECT number_index, number_cipher FROM contacts WHERE id = :contact_id", "contact_id")

LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(encode(:number_index, 'hex'), 120))")

# What was careful stays so until the person says otherwise; a permission is never carried over.
_KEPT = """
    nullif((SELECT k.may_say_who FROM callbacks k WHERE k.number_index = {index} AND k.may_say_who IS NOT NULL
            ORDER BY k.created_at DESC LIMIT 1), true) AS may_say_who,
    nullif((SELECT k.may_leave_message FROM callbacks k WHERE k.number_index = {index} AND k.may_leave_message IS NOT NULL
            ORDER BY k.created_at DESC LIMIT 1), true) AS may_leave_message,
    nullif((SELECT k.shared_phone FROM callbacks k WHERE k.number_index = {index} AND k.shared_phone IS NOT NULL
            ORDER BY k.created_at DESC LIMIT 1), false) AS shared_phone,
    coalesce((SELECT k.hours FROM callbacks k WHERE k.number_index = {index} ORDER BY k.created_at DESC LIMIT 1), 'any') AS hours
"""

#: Older live requests of the number give way to the new one, which keeps their place. Returns how many.
REPLACE = _statement(
    """
    UPDATE callbacks SET state = 'cancelled', outcome = 'called_again', ended_at = :now, epoch = epoch + 1, worker = NULL, lease_until = NULL
    WHERE number_index = :number_index AND outcome IS NULL AND contact_id <> :contact_id
    RETURNING virtual_start
    """,
    "contact_id",
)

#: A refusal is a row that is over at once: it keeps the number off the list.
ASK = _statement(
    f"""
    INSERT INTO callbacks (id, contact_id, reason, number_cipher, number_index, language, created_at, virtual_start, lane,
                           may_call, may_say_who, may_leave_message, shared_phone, hours, state, due_at, outcome, ended_at)
    SELECT :id, :contact_id, 'asked', :number_cipher, :number_index, :language, :now, :virtual_start, :lane, :may_call,
           coalesce(:may_say_who, kept.may_say_who), coalesce(:may_leave_message, kept.may_leave_message),
           coalesce(:shared_phone, kept.shared_phone), coalesce(:hours, kept.hours), :state, :now, :outcome, :ended_at
    FROM (SELECT {_KEPT.format(index=":number_index")}) kept
    ON CONFLICT (contact_id) WHERE outcome IS NULL DO UPDATE
    SET reason = 'asked', number_cipher = excluded.number_cipher, number_index = excluded.number_index, language = excluded.language,
        virtual_start = least(callbacks.virtual_start, excluded.virtual_start), lane = excluded.lane, may_call = excluded.may_call,
        may_say_who = excluded.may_say_who, may_leave_message = excluded.may_leave_message, shared_phone = excluded.shared_phone,
        hours = excluded.hours, state = excluded.state, due_at = excluded.due_at, attempts = 0, epoch = callbacks.epoch + 1, worker = NULL,
        lease_until = NULL
    RETURNING id
    """,  # noqa: S608  (put together from constants)
    "id",
    "contact_id",
).bindparams(bindparam("ended_at", type_=_AT))

#: The same contact refuses what it asked for before.
REFUSE = _statement(
    """
    UPDATE callbacks SET state = 'cancelled', outcome = 'cancelled', ended_at = :now, may_call = false, epoch = epoch + 1,
           worker = NULL, lease_until = NULL
    WHERE contact_id = :contact_id AND outcome IS NULL
    """,
    "contact_id",
)

# Whether contact `c` belongs on the list: it has a number, is no call-back itself, was not listed before, its number has not refused,
# has no live request, and has not been with us again since.
_WANTED = """
    c.number_index IS NOT NULL AND c.kind = 'phone'
    AND NOT EXISTS (SELECT 1 FROM callbacks b WHERE b.contact_id = c.id)
    AND NOT EXISTS (SELECT 1 FROM callbacks b WHERE b.number_index = c.number_index AND b.outcome IS NULL)
    AND (SELECT b.may_call FROM callbacks b WHERE b.number_index = c.number_index AND b.may_call IS NOT NULL
         ORDER BY b.created_at DESC LIMIT 1) IS NOT FALSE
    AND NOT EXISTS (SELECT 1 FROM contacts n WHERE n.number_index = c.number_index AND n.id <> c.id
                    AND n.entered_at >= c.entered_at AND (n.outcome IS NULL OR n.answered_at IS NOT NULL))
"""

DROPPED_OUT = _statement(
    f"""
    INSERT INTO callbacks (id, contact_id, reason, number_cipher, number_index, language, created_at, virtual_start, lane,
                           may_say_who, may_leave_message, shared_phone, hours, state, due_at)
    SELECT :id, c.id, :reason, c.number_cipher, c.number_index, c.language, :now, coalesce(c.virtual_start, c.queued_at, c.entered_at),
           c.lane, kept.may_say_who, kept.may_leave_message, kept.shared_phone, kept.hours, 'open', :now
    FROM contacts c CROSS JOIN LATERAL (SELECT {_KEPT.format(index="c.number_index")}) kept
    WHERE c.id = :contact_id AND {_WANTED}
    ON CONFLICT DO NOTHING
    RETURNING id
    """,  # noqa: S608  (put together from constants)
    "id",
    "contact_id",
)

MISSED = text(
    f"""
    SELECT c.id, CASE WHEN c.outcome = 'cut_off' THEN 'cut_off' ELSE 'dropped_out' END AS reason
    FROM contacts c
    WHERE c.entered_at > :entered_since AND c.ended_at > :since
      AND c.outcome IN ('abandoned_waiting', 'callback_arranged', 'dropped', 'cut_off', 'abandoned_safety_net') AND {_WANTED}
    ORDER BY c.ended_at LIMIT 200
    """  # noqa: S608  (put together from constants)
)

#: The person reached a human: nothing is owed any more. Not the request that this very contact answers.
CANCEL_FOR = _statement(
    """
    UPDATE callbacks b SET state = 'cancelled', outcome = :outcome, ended_at = :now, epoch = b.epoch + 1, worker = NULL, lease_until = NULL
    FROM contacts c
    WHERE c.id = :contact_id AND b.outcome IS NULL AND (b.contact_id = c.id OR b.number_index = c.number_index)
      AND b.id IS DISTINCT FROM c.callback_id
    RETURNING b.id
    """,
    "contact_id",
)

# Whoever is on the line with us, waiting on after having asked, is not called meanwhile. MATERIALIZED: a subquery with a limit that is joined
# may be run once a row, and would take more than the limit.
CLAIM = text(
    """
    WITH due AS MATERIALIZED (
        SELECT id FROM callbacks o
        WHERE o.state = 'open' AND o.may_call AND o.due_at <= :now AND o.hours = ANY(:hours)
          AND NOT EXISTS (SELECT 1 FROM contacts c WHERE c.outcome IS NULL AND (c.id = o.contact_id OR c.number_index = o.number_index))
        ORDER BY o.due_at, o.id LIMIT :limit FOR UPDATE SKIP LOCKED
    )
    UPDATE callbacks b
    SET state = 'calling', worker = :worker, lease_until = :lease_until, epoch = b.epoch + 1
    FROM due WHERE b.id = due.id
    RETURNING b.*
    """
).bindparams(bindparam("lease_until", type_=_AT), bindparam("hours", type_=ARRAY(Text)))

#: Still ours, and being seen to.
KEEP = _statement(
    "UPDATE callbacks SET lease_until = :lease_until WHERE id = :id AND epoch = :epoch AND state = 'calling' RETURNING id", "id"
).bindparams(bindparam("lease_until", type_=_AT))

ATTEMPT = _statement(
    """
    INSERT INTO callback_attempts (callback_id, attempt, contact_id, at)
    SELECT b.id, coalesce((SELECT max(a.attempt) FROM callback_attempts a WHERE a.callback_id = b.id), 0) + 1, :contact_id, :now
    FROM callbacks b WHERE b.id = :id AND b.epoch = :epoch AND b.state = 'calling'
    RETURNING attempt
    """,
    "id",
    "contact_id",
)

ATTEMPTED = _statement(
    """
    WITH ended AS (
        UPDATE callbacks b
        SET state = :state, outcome = :outcome, ended_at = :ended_at, due_at = coalesce(:due_at, b.due_at), attempts = :attempts,
            shared_phone = CASE WHEN :result = 'wrong_person' THEN true ELSE b.shared_phone END,
            epoch = b.epoch + 1, worker = NULL, lease_until = NULL
        WHERE b.id = :id AND b.epoch = :epoch AND b.state = 'calling'
        RETURNING b.id
    ), told AS (
        UPDATE callback_attempts a SET result = :result FROM ended WHERE a.callback_id = ended.id AND a.result IS NULL
    )
    SELECT id FROM ended
    """,
    "id",
).bindparams(bindparam("ended_at", type_=_AT), bindparam("due_at", type_=_AT))

#: Forgotten by a worker that died. Not while its call is still there: a talk may last longer than any lease.
FORGOTTEN = text(
    """
    SELECT b.id, b.epoch, b.attempts, c.outcome
    FROM callbacks b
    LEFT JOIN LATERAL (SELECT a.contact_id FROM callback_attempts a WHERE a.callback_id = b.id AND a.result IS NULL
                       ORDER BY a.attempt DESC LIMIT 1) a ON true
    LEFT JOIN contacts c ON c.id = a.contact_id
    WHERE b.state = 'calling' AND b.lease_until <= :now
      AND NOT EXISTS (SELECT 1 FROM contacts l WHERE l.outcome IS NULL AND (l.callback_id = b.id OR l.id = c.id))
    ORDER BY b.lease_until LIMIT 200
    """
)

LISTING = text(
    """
    SELECT * FROM callbacks WHERE outcome IS NULL OR :everything
    ORDER BY outcome IS NOT NULL, CASE WHEN outcome IS NULL THEN virtual_start END, created_at DESC LIMIT :limit
    """
)

FIND = text("SELECT id FROM callbacks WHERE CAST(id AS text) LIKE :beginning || '%' ORDER BY id LIMIT 5")

#: A person decided that it is dialled.
ALLOW = _statement(
    """
    WITH allowed AS (
        UPDATE callbacks SET may_call = true, due_at = CASE WHEN state = 'open' THEN least(due_at, :now) ELSE due_at END
        WHERE id = :id AND outcome IS NULL RETURNING contact_id
    )
    INSERT INTO events (contact_id, at, kind) SELECT contact_id, :now, 'callback_allowed' FROM allowed RETURNING contact_id
    """,
    "id",
)

#: A person ended it; whoever is dialling just then finds the row out of reach.
FINISH = _statement(
    """
    WITH ended AS (
        UPDATE callbacks
        SET state = :state, outcome = :outcome, ended_at = :now, may_call = may_call AND NOT :refused,
            epoch = epoch + 1, worker = NULL, lease_until = NULL
        WHERE id = :id AND outcome IS NULL RETURNING contact_id
    )
    INSERT INTO events (contact_id, at, kind, detail)
    SELECT contact_id, :now, 'callback_ended', jsonb_build_object('outcome', CAST(:outcome AS text), 'why', CAST(:why AS text)) FROM ended
    RETURNING contact_id
    """,
    "id",
)
