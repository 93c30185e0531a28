"""Results of checklists, isolation reports, the directory with what is known of it.

Only adds tables. The directory begins with the five places that had opened by February 2026 and the public lines for emergencies and for help;
hours stand there where they are known, and nowhere else.

Revision ID: 0010
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_AT = sa.DateTime(timezone=True)
_TABLES = (
    "directory_places",
    "report_events",
    "report_traces",
    "report_subjects",
    "report_reporters",
    "isolation_reports",
    "checklist_results",
)

_SOURCE = "서울시 외로움안녕120 안내 (2026년 2월)"
_STORES = """
INSERT INTO directory_places (id, key, kind, name, name_en, run_by, district, address, phone, areas, hours, valid_from, note, source, source_date,
    changed_at)
SELECT gen_random_uuid(), 'mind-' || district, 'mind_store', '서울마음편의점 ' || branch, 'Seoul mind convenience store ' || initcap(district),
    run_by, district, address, phone, '{emotional}', hours::jsonb, '2026-02-01', '공휴일 운영은 확인되지 않음', :source, '2026-02-01', now()
FROM (VALUES
    ('gangbuk', '강북점', '꿈의숲종합사회복지관', '서울 강북구 오현로208 302동', '02-984-6777',
     '[{"days": ["mon", "tue", "wed", "thu", "fri"], "opens": 540, "closes": 1260}, {"days": ["sat"], "opens": 540, "closes": 1080}]'),
    ('dobong', '도봉점', '창동종합사회복지관', '서울 도봉구 덕릉로329', '02-993-3222',
     '[{"days": ["mon", "tue", "wed", "thu", "fri"], "opens": 600, "closes": 1200}]'),
    ('gwanak', '관악점', '성민종합사회복지관', '서울 관악구 호암로549', '02-876-0900',
     '[{"days": ["mon", "tue", "wed", "thu", "fri"], "opens": 600, "closes": 1140}, {"days": ["sat"], "opens": 600, "closes": 780}]'),
    ('dongdaemun', '동대문점', '동대문종합사회복지관', '서울 동대문구 약령시로5길22', '02-920-4500',
     '[{"days": ["mon", "tue", "wed", "thu", "fri"], "opens": 540, "closes": 1080}]'),
    ('guro', '구로점', '화원종합사회복지관', '서울 구로구 벚꽃로484', '02-837-0761',
     '[{"days": ["mon", "tue", "wed", "thu", "fri"], "opens": 600, "closes": 1140}, {"days": ["sat"], "opens": 600, "closes": 780}]')
) AS known (district, branch, run_by, address, phone, hours)
"""

_LINES_SOURCE = "공공기관이 안내하는 긴급·상담 전화번호"
_ALWAYS = '[{"days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun", "holiday"], "opens": 0, "closes": 1440}]'
_LINES = """
INSERT INTO directory_places (id, key, kind, name, name_en, phone, areas, hours, note, source, source_date, changed_at)
SELECT gen_random_uuid(), key, 'helpline', name, name_en, phone, areas::text[], (CASE WHEN always THEN :always ELSE '[]' END)::jsonb,
    CASE WHEN always THEN '' ELSE '운영시간은 확인되지 않음' END, :source, '2026-02-01', now()
FROM (VALUES
    ('police-112', '경찰 112', 'Police', '112', '{emergency}', true),
    ('fire-119', '소방·구급 119', 'Fire and ambulance', '119', '{emergency,medical}', true),
    ('suicide-109', '자살예방 상담전화 109', 'Suicide prevention line', '109', '{emergency,psychological}', true),
    ('mental-health-1577-0199', '정신건강 위기상담전화', 'Mental-health crisis line', '1577-0199', '{emergency,psychological}', false),
    ('welfare-129', '보건복지상담센터 129', 'Health and welfare line', '129', '{welfare}', false),
    ('women-1366', '여성긴급전화 1366', 'Women''s emergency line', '1366', '{emergency}', false),
    ('youth-1388', '청소년상담전화 1388', 'Youth line', '1388', '{psychological}', false),
    ('elder-1577-1391', '노인학대 신고전화', 'Elder-abuse line', '1577-1391', '{emergency,welfare}', false)
) AS known (key, name, name_en, phone, areas, always)
"""


def upgrade() -> None:
    """Make them, and fill the directory."""
    op.create_table(
        "checklist_results",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("made_by", sa.Uuid(), nullable=True),
        sa.Column("instrument", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("answers", sa.LargeBinary(), nullable=False),
        sa.Column("note", sa.LargeBinary(), nullable=True),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("scores", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("level", sa.Text(), nullable=True),
        sa.Column("alarms", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("proposed", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("started_at", _AT, nullable=False),
        sa.Column("changed_at", _AT, nullable=False),
        sa.Column("finished_at", _AT, nullable=True),
        sa.Column("edits", sa.Integer(), server_default="1", nullable=False),
        sa.Column("decision", sa.Text(), nullable=True),
        sa.Column("decision_note", sa.LargeBinary(), nullable=True),
        sa.Column("decided_at", _AT, nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint("decision IN ('followed', 'otherwise', 'declined')", name=op.f("ck_checklist_results_decision")),
        sa.CheckConstraint(
            "(decision IS NULL) = (decided_at IS NULL) AND (decision IS NULL) = (decided_by IS NULL)",
            name=op.f("ck_checklist_results_decided_by_somebody"),
        ),
        sa.CheckConstraint("complete OR outcome IS NULL", name=op.f("ck_checklist_results_incomplete_says_nothing")),
        sa.CheckConstraint("proposed <@ alarms", name=op.f("ck_checklist_results_proposed_alarms")),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_checklist_results_contact_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["person_id"], ["care_people.id"], name=op.f("fk_checklist_results_person_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checklist_results")),
    )
    op.create_index(op.f("ix_checklist_results_contact_id"), "checklist_results", ["contact_id"], unique=False)
    op.create_index(op.f("ix_checklist_results_made_by_started_at"), "checklist_results", ["made_by", "started_at"], unique=False)
    op.create_index(
        op.f("ix_checklist_results_person_id_instrument_started_at"),
        "checklist_results",
        ["person_id", "instrument", "started_at"],
        unique=False,
    )
    op.create_table(
        "isolation_reports",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=True),
        sa.Column("made_at", _AT, nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column("urgency", sa.Text(), nullable=False),
        sa.Column("due_at", _AT, nullable=False),
        sa.Column("district", sa.Text(), server_default="", nullable=False),
        sa.Column("signs", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("claimed_by", sa.Uuid(), nullable=True),
        sa.Column("closed_at", _AT, nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("(state = 'claimed') = (claimed_by IS NOT NULL)", name=op.f("ck_isolation_reports_claimed_by_somebody")),
        sa.CheckConstraint(
            "(state = 'closed') = (closed_at IS NOT NULL) AND (state = 'closed') = (outcome IS NOT NULL)",
            name=op.f("ck_isolation_reports_closed_with_outcome"),
        ),
        sa.CheckConstraint(
            "outcome IN ('supported', 'referred', 'not_needed', 'declined', 'not_found', 'duplicate', 'passed_on')",
            name=op.f("ck_isolation_reports_outcome"),
        ),
        sa.CheckConstraint("state IN ('open', 'claimed', 'closed')", name=op.f("ck_isolation_reports_state")),
        sa.CheckConstraint("urgency IN ('now', 'today', 'soon', 'routine')", name=op.f("ck_isolation_reports_urgency")),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_isolation_reports_contact_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_isolation_reports")),
    )
    op.create_index(op.f("ix_isolation_reports_contact_id"), "isolation_reports", ["contact_id"], unique=False)
    op.create_index(op.f("ix_isolation_reports_made_by_made_at"), "isolation_reports", ["made_by", "made_at"], unique=False)
    op.create_index(
        "ix_isolation_reports_worklist", "isolation_reports", ["due_at"], unique=False, postgresql_where=sa.text("state <> 'closed'")
    )
    op.create_table(
        "report_reporters",
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("details", sa.LargeBinary(), nullable=False),
        sa.Column("relation", sa.Text(), nullable=False),
        sa.Column("wants_feedback", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("consent_at", _AT, nullable=True),
        sa.Column("consent_script", sa.Text(), nullable=True),
        sa.Column("feedback_at", _AT, nullable=True),
        sa.Column("feedback_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "relation IN ('family', 'neighbour', 'friend', 'landlord', 'worker', 'other')", name=op.f("ck_report_reporters_relation")
        ),
        sa.CheckConstraint(
            "NOT wants_feedback OR (consent_at IS NOT NULL AND consent_script IS NOT NULL)",
            name=op.f("ck_report_reporters_feedback_by_consent"),
        ),
        sa.CheckConstraint(
            "feedback_at IS NULL OR (wants_feedback AND feedback_by IS NOT NULL)", name=op.f("ck_report_reporters_feedback_if_wanted")
        ),
        sa.ForeignKeyConstraint(["report_id"], ["isolation_reports.id"], name=op.f("fk_report_reporters_report_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("report_id", name=op.f("pk_report_reporters")),
    )
    op.create_table(
        "report_subjects",
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("details", sa.LargeBinary(), nullable=False),
        sa.Column("age_band", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["report_id"], ["isolation_reports.id"], name=op.f("fk_report_subjects_report_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("report_id", name=op.f("pk_report_subjects")),
    )
    op.create_table(
        "report_traces",
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("trace", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("kind IN ('number', 'place', 'name')", name=op.f("ck_report_traces_kind")),
        sa.ForeignKeyConstraint(["report_id"], ["isolation_reports.id"], name=op.f("fk_report_traces_report_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("report_id", "kind", name=op.f("pk_report_traces")),
    )
    op.create_index(op.f("ix_report_traces_trace"), "report_traces", ["trace"], unique=False)
    op.create_table(
        "report_events",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.Column("by", sa.Uuid(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("note", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint(
            "what IN ('made', 'claimed', 'released', 'noted', 'urgency', 'closed', 'reopened', 'feedback')",
            name=op.f("ck_report_events_what"),
        ),
        sa.ForeignKeyConstraint(["report_id"], ["isolation_reports.id"], name=op.f("fk_report_events_report_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_events")),
    )
    op.create_index(op.f("ix_report_events_report_id_id"), "report_events", ["report_id", "id"], unique=False)
    op.create_table(
        "directory_places",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), server_default="", nullable=False),
        sa.Column("run_by", sa.Text(), server_default="", nullable=False),
        sa.Column("district", sa.Text(), server_default="", nullable=False),
        sa.Column("address", sa.Text(), server_default="", nullable=False),
        sa.Column("phone", sa.Text(), server_default="", nullable=False),
        sa.Column("url", sa.Text(), server_default="", nullable=False),
        sa.Column("areas", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("hours", postgresql.JSONB(), server_default="[]", nullable=False),
        sa.Column("planned", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("mobile", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("source_date", sa.Date(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("changed_at", _AT, nullable=False),
        sa.Column("changed_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "areas <@ ARRAY['emergency', 'emotional', 'welfare', 'medical', 'housing', 'psychological']",
            name=op.f("ck_directory_places_areas"),
        ),
        sa.CheckConstraint("kind IN ('mind_store', 'service', 'helpline')", name=op.f("ck_directory_places_kind")),
        sa.CheckConstraint("source <> ''", name=op.f("ck_directory_places_source")),
        sa.CheckConstraint("valid_to >= valid_from", name=op.f("ck_directory_places_period")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_directory_places")),
        sa.UniqueConstraint("key", name=op.f("uq_directory_places_key")),
    )
    op.create_index(op.f("ix_directory_places_kind_district"), "directory_places", ["kind", "district"], unique=False)
    op.execute(sa.text(_STORES).bindparams(source=_SOURCE))
    op.execute(sa.text(_LINES).bindparams(source=_LINES_SOURCE, always=_ALWAYS))


def downgrade() -> None:
    """Take everything away again."""
    for table in _TABLES:
        op.drop_table(table)
