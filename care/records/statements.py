"""The SQL of drafts."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import DateTime, Executable, Uuid, bindparam, text

#: A contact's draft and, by the number of the contact's own row, its person: both exist from here on. Done again, by the journal or by whoever
#: answers, it changes nothing but that a draft of nobody gets its counsellor. Answers the record's id; nothing if there is no such contact.
OPEN = text(
    """
    WITH c AS (SELECT id, number_cipher, number_index FROM contacts WHERE id = :contact_id),
    p AS (
        INSERT INTO care_people (id, number_cipher, number_index, created_at)
        SELECT :person_id, number_cipher, number_index, :at FROM c WHERE number_index IS NOT NULL
        ON CONFLICT (number_index) DO UPDATE SET number_index = excluded.number_index
        RETURNING id
    )
    INSERT INTO care_records AS r (id, contact_id, person_id, counsellor_id, channel, created_at, changed_at)
    SELECT :id, c.id, (SELECT p.id FROM p), :counsellor_id, 'phone', :at, :at FROM c
    ON CONFLICT (contact_id) DO UPDATE SET counsellor_id = coalesce(r.counsellor_id, excluded.counsellor_id)
    RETURNING r.id
    """
).bindparams(
    *(bindparam(name, type_=Uuid) for name in ("contact_id", "person_id", "id", "counsellor_id")),
    bindparam("at", type_=DateTime(timezone=True)),
)

#: Who is on the line with a counsellor, or being offered to them: contacts, and their people where they are known.
ON_LINE = text(
    """
    SELECT c.id AS contact_id, p.id AS person_id
    FROM contacts c LEFT JOIN care_people p ON p.number_index = c.number_index
    WHERE (c.counsellor_id = :counsellor_id AND c.outcome IS NULL)
       OR c.id = (SELECT contact_id FROM presence WHERE counsellor_id = :counsellor_id AND system <> 'idle')
    """
).bindparams(bindparam("counsellor_id", type_=Uuid))

#: Whether a contact is a counsellor's: they have it, had it last, or answered it once. No row: no such contact.
THEIRS = text(
    """
    SELECT c.counsellor_id IS NOT DISTINCT FROM :counsellor_id
        OR EXISTS (SELECT FROM presence p WHERE p.counsellor_id = :counsellor_id AND p.contact_id = c.id AND p.system <> 'idle')
        OR EXISTS (SELECT FROM offers o WHERE o.contact_id = c.id AND o.counsellor_id = :counsellor_id AND o.result = 'answered') AS theirs
    FROM contacts c WHERE c.id = :contact_id
    """
).bindparams(bindparam("counsellor_id", type_=Uuid), bindparam("contact_id", type_=Uuid))

#: For the line's journal: `care.records.book.draft`.
JOURNAL_STATEMENTS: Mapping[str, Executable] = {"care_draft": OPEN}
