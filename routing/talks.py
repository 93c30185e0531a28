"""What a talk and the work after it took, in SQL: one definition for whoever counts handling times.

`TALKS` is a query with one row for every answered offer: contact_id, counsellor_id, began, ended, wrapped (instants). A talk ends when the
caller is rescued from it (the counsellor's phone died: no wrap-up) or when the contact ends; while it goes on `ended` is NULL. Wrap-up ends
when the counsellor ends it (by key, by being ready, by signing out), when the next call is offered to them, or after `:wrapup_s` seconds.
An end before its beginning (two clocks disagreed) counts as no time at all.
"""

from __future__ import annotations

TALKS = """
    SELECT o.contact_id, o.counsellor_id, o.ended_at AS began, talk.ended, work.wrapped
    FROM offers o
    JOIN contacts k ON k.id = o.contact_id
    CROSS JOIN LATERAL (
        SELECT min(e.at) AS at FROM events e WHERE e.contact_id = o.contact_id AND e.kind = 'rescued' AND e.at >= o.ended_at
    ) rescue
    CROSS JOIN LATERAL (
        SELECT CASE WHEN coalesce(rescue.at, k.ended_at) IS NOT NULL THEN greatest(o.ended_at, least(rescue.at, k.ended_at)) END AS ended
    ) talk
    CROSS JOIN LATERAL (
        SELECT CASE WHEN talk.ended IS NULL OR rescue.at = talk.ended THEN talk.ended ELSE least(
            talk.ended + make_interval(secs => :wrapup_s),
            (SELECT min(p.at) FROM presence_events p
             WHERE p.counsellor_id = o.counsellor_id AND p.at BETWEEN talk.ended AND talk.ended + make_interval(secs => :wrapup_s)
               AND p.kind IN ('wrapup_ended', 'ready', 'signed_out')),
            (SELECT greatest(n.offered_at, talk.ended) FROM offers n
             WHERE n.counsellor_id = o.counsellor_id AND n.epoch > o.epoch ORDER BY n.epoch LIMIT 1)
        ) END AS wrapped
    ) work
    WHERE o.result = 'answered'
"""
