"""The SQL of `routing.contacts`.

A row belongs to one process at a time, its `owner`: the one that wrote it, adopted it after a restart, or took it over with its caller. What
the journal writes of a contact's state changes no row that has another owner by now; lines of the timeline are always added.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Executable, TextClause, Uuid, and_, bindparam, func, insert, or_, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from routing.tables import contacts, events

#: One statement, one commit: the contact exists from here on, whatever happens to this program.
ENTER = text(
    """
    WITH entered AS (
        INSERT INTO contacts (id, node, worker, channel_id, entry, dialled, language, number_cipher, number_index, withheld,
                              state, entered_at, owner)
        VALUES (:id, :node, :worker, :channel_id, :entry, :dialled, :language, :number_cipher, :number_index, :withheld,
                :state, :at, :owner)
        ON CONFLICT (channel_id) DO NOTHING
        RETURNING id
    )
    INSERT INTO events (contact_id, at, kind, detail) SELECT id, :at, 'invite', :detail FROM entered
    RETURNING contact_id
    """
).bindparams(bindparam("id", type_=Uuid), bindparam("owner", type_=Uuid), bindparam("detail", type_=JSONB))

#: A call of ours to somebody who asked for it: in the line from the start, with the place it had.
ENTER_CALLBACK = text(
    """
    WITH entered AS (
        INSERT INTO contacts (id, node, worker, channel_id, entry, language, number_cipher, number_index, withheld, state, entered_at,
                              queued_at, kind, lane, virtual_start, callback_id, owner)
        VALUES (:id, :node, :worker, :channel_id, 'callback', :language, :number_cipher, :number_index, false, 'calling_back', :at,
                :at, 'callback', :lane, :virtual_start, :callback_id, :owner)
        RETURNING id
    )
    INSERT INTO events (contact_id, at, kind) SELECT id, :at, 'callback_begun' FROM entered
    RETURNING contact_id
    """
).bindparams(bindparam("id", type_=Uuid), bindparam("owner", type_=Uuid), bindparam("callback_id", type_=Uuid))

LAST_OFFERS = text(
    """
    SELECT DISTINCT ON (o.contact_id) o.*, c.extension
    FROM offers o JOIN counsellors c ON c.id = o.counsellor_id
    WHERE o.contact_id = ANY(:contact_ids) AND (o.result IS NULL OR o.result = 'answered')
    ORDER BY o.contact_id, o.offered_at DESC
    """
).bindparams(bindparam("contact_ids", type_=ARRAY(Uuid)))

FIND = select(contacts.c.id).where(contacts.c.channel_id == bindparam("channel"), contacts.c.outcome.is_(None))

SAFETY_NET_ANSWERED = text(
    """
    WITH answered AS (
        UPDATE contacts c SET answered_at = :at, counsellor_id = (SELECT id FROM counsellors WHERE extension = :extension),
               -- Read late of somebody who has come back since: then the program has them.
               state = CASE WHEN EXISTS (SELECT FROM events e WHERE e.contact_id = c.id AND e.kind = 'back_from_safety_net' AND e.at > :at)
                            THEN state ELSE 'safety_net' END
        WHERE channel_id = :channel_id AND outcome IS NULL AND (answered_at IS NULL OR answered_at < :at)
        RETURNING id
    )
    INSERT INTO events (contact_id, at, kind, detail) SELECT id, :at, 'safety_net_answered', :detail FROM answered
    """
).bindparams(bindparam("detail", type_=JSONB))

SAFETY_NET_ENDED = text(
    """
    WITH ended AS (
        UPDATE contacts SET ended_at = greatest(:at, entered_at), state = 'ended',
               outcome = CASE WHEN answered_at IS NULL THEN 'abandoned_safety_net' ELSE 'talked_safety_net' END
        WHERE channel_id = :channel_id AND outcome IS NULL AND state = 'safety_net'
        RETURNING id, outcome
    )
    INSERT INTO events (contact_id, at, kind, detail) SELECT id, :at, 'outcome', jsonb_build_object('outcome', outcome) FROM ended
    RETURNING contact_id
    """
)

#: A row of a `LiveContact`.
_ROW = """
    t.*, EXISTS (SELECT FROM callbacks b WHERE b.contact_id = t.id AND b.reason = 'asked' AND b.outcome IS NULL) AS arranged,
    (SELECT count(*) FROM events e WHERE e.contact_id = t.id AND e.kind = 'overflow_exhausted') AS overflows,
    (SELECT max(e.at) FROM events e WHERE e.contact_id = t.id AND e.kind = 'overflow_exhausted') AS overflowed
"""


def _statement(sql: str) -> TextClause:
    return text(sql).bindparams(*(bindparam(name, type_=Uuid) for name in ("id", "owner", "seen") if f":{name}" in sql))


LIVE = _statement(f"SELECT {_ROW} FROM contacts t WHERE t.node = :node AND t.worker = :worker AND t.outcome IS NULL")  # noqa: S608

ADOPT = _statement(
    f"""
    UPDATE contacts t SET owner = :owner WHERE t.node = :node AND t.worker = :worker AND t.outcome IS NULL
    RETURNING {_ROW}
    """  # noqa: S608 - put together from the constant above only
)

#: Of workers of this node that have not been heard of for a while.
LEFT_BEHIND = _statement(
    f"""
    SELECT {_ROW} FROM contacts t JOIN workers w ON w.name = t.node || '/' || t.worker
    WHERE t.node = :node AND t.worker <> :worker AND t.outcome IS NULL AND w.seen_at < now() - make_interval(secs => :lease_s)
    """  # noqa: S608
)

#: If nobody else was faster: neither its worker, back again, nor another one.
CLAIM = _statement(
    """
    UPDATE contacts SET worker = :worker, owner = :owner
    WHERE id = :id AND node = :node AND outcome IS NULL AND owner IS NOT DISTINCT FROM :seen
    RETURNING id
    """
)

TAKE = _statement(
    f"""
    UPDATE contacts t SET node = :node, worker = :worker, owner = :owner WHERE t.channel_id = :channel_id AND t.outcome IS NULL
    RETURNING {_ROW}
    """  # noqa: S608
)

#: A channel has one row; one that is over makes room.
PART = _statement(
    f"""
    UPDATE contacts t SET channel_id = t.channel_id || ' ' || t.id WHERE t.channel_id = :channel_id AND t.outcome IS NOT NULL
    RETURNING {_ROW}
    """  # noqa: S608
)

_SAME = contacts.c.id == bindparam("contact_id")
_OURS = or_(contacts.c.owner.is_(None), contacts.c.owner == bindparam("journal_", type_=Uuid))
_LANE = bindparam("new_lane", type_=contacts.c.lane.type)
_LIVE_AND_OURS = and_(_SAME, contacts.c.outcome.is_(None), _OURS)

#: Statements of the journal, by the name under which they are replayed.
JOURNAL_STATEMENTS: Mapping[str, Executable] = {
    "event": insert(events),
    "contact_state": update(contacts).where(_LIVE_AND_OURS).values(state=bindparam("new_state")),
    "contact_queued": update(contacts)
    .where(_LIVE_AND_OURS, contacts.c.queued_at.is_(None))
    .values(queued_at=bindparam("at_time"), virtual_start=bindparam("place_since")),
    # A code gave an earlier place back.
    "contact_place": update(contacts).where(_LIVE_AND_OURS).values(virtual_start=bindparam("place_since")),
    # What is None was not announced this time: an earlier promise stands.
    "contact_promised": update(contacts)
    .where(_LIVE_AND_OURS)
    .values(
        promised_until=func.coalesce(bindparam("until", type_=contacts.c.promised_until.type), contacts.c.promised_until),
        promised_place=func.coalesce(bindparam("place", type_=contacts.c.promised_place.type), contacts.c.promised_place),
    ),
    # Who dialled again is on another channel.
    "contact_channel": update(contacts).where(_LIVE_AND_OURS).values(channel_id=bindparam("new_channel")),
    "contact_language": update(contacts).where(_LIVE_AND_OURS).values(language=bindparam("spoken")),
    # Also after the end, and whoever has the call now: a danger key in the last instant is still true.
    "contact_lane": update(contacts).where(_SAME, or_(_OURS, _LANE == "crisis")).values(lane=_LANE),
    "contact_silent": update(contacts).where(_SAME).values(silent=True),
    "contact_talking": update(contacts)
    .where(_LIVE_AND_OURS)
    .values(state="talking", counsellor_id=bindparam("with_counsellor"), answered_at=text("coalesce(answered_at, :at_time)")),
    "contact_outside": update(contacts).where(_LIVE_AND_OURS).values(state="overflow", answered_at=text("coalesce(answered_at, :at_time)")),
    # The guard makes it exactly one: whoever comes second changes nothing.
    "contact_ended": update(contacts).where(_LIVE_AND_OURS).values(state="ended", ended_at=bindparam("at_time"), outcome=bindparam("how")),
}
