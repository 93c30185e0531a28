"""The call: counsellors, presence and its history, contacts, legs, offers, events, the journal's marks, and what Asterisk reads.

Revision ID: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_AT = sa.DateTime(timezone=True)

# Asterisk reads `SELECT *` and takes every column that is not empty as the option of that name, in the order of the columns: so each option of
# its own documentation (`config show help res_pjsip endpoint` of 22.10) has a column, all of them text, and `disallow` comes before `allow`.
ENDPOINT_OPTIONS = """
transport aors auth context disallow allow webrtc 100rel aggregate_mwi codec_prefs_incoming_offer codec_prefs_outgoing_offer
codec_prefs_incoming_answer codec_prefs_outgoing_answer allow_overlap overlap_context callerid callerid_privacy callerid_tag
direct_media_glare_mitigation direct_media_method trust_connected_line send_connected_line connected_line_method direct_media
disable_direct_media_on_nat dtmf_mode media_address bind_rtp_to_media_address force_rport ice_support identify_by redirect_method
follow_redirect_methods mailboxes mwi_subscribe_replaces_unsolicited voicemail_extension moh_suggest outbound_auth outbound_proxy
rewrite_contact rtp_ipv6 rtp_symmetric send_diversion send_history_info send_pai send_rpid rpid_immediate tenantid timers_min_se timers
timers_sess_expires trust_id_inbound trust_id_outbound use_ptime use_avpf force_avp media_use_received_transport media_encryption
media_encryption_optimistic g726_non_standard inband_progress call_group pickup_group named_call_group named_pickup_group
device_state_busy_at t38_udptl t38_udptl_ec t38_udptl_maxdatagram fax_detect fax_detect_timeout t38_udptl_nat t38_udptl_ipv6
t38_bind_udptl_to_media_address tone_zone language one_touch_recording record_on_feature record_off_feature rtp_engine allow_transfer
user_eq_phone moh_passthrough sdp_owner sdp_session tos_audio tos_video cos_audio cos_video allow_subscribe sub_min_expiry from_user
mwi_from_user from_domain dtls_verify dtls_rekey dtls_auto_generate_cert dtls_cert_file dtls_private_key dtls_cipher dtls_ca_file
dtls_ca_path dtls_setup dtls_fingerprint srtp_tag_32 set_var message_context accountcode preferred_codec_only incoming_call_offer_pref
outgoing_call_offer_pref rtp_keepalive rtp_timeout rtp_timeout_hold rtp_port_start rtp_port_end acl deny permit contact_acl contact_deny
contact_permit subscribe_context contact_user asymmetric_rtp_codec rtcp_mux refer_blind_progress notify_early_inuse_ringing
max_audio_streams max_video_streams bundle incoming_mwi_mailbox follow_early_media_fork accept_multiple_sdp_answers
suppress_q850_reason_headers ignore_183_without_sdp stir_shaken stir_shaken_profile allow_unauthenticated_options security_negotiation
security_mechanisms geoloc_incoming_call_profile geoloc_outgoing_call_profile send_aoc suppress_moh_on_sendonly
"""
AUTH_OPTIONS = """
auth_type username password password_digest md5_cred supported_algorithms_uac supported_algorithms_uas refresh_token oauth_clientid
oauth_secret realm nonce_lifetime
"""
AOR_OPTIONS = """
contact default_expiration mailboxes voicemail_extension maximum_expiration max_contacts minimum_expiration remove_existing
remove_unavailable qualify_frequency qualify_timeout qualify_2xx_only authenticate_qualify outbound_proxy support_path
"""

# app_queue takes underscores for the hyphens of its option names.
QUEUE_OPTIONS = """
musicclass strategy timeout retry wrapuptime ringinuse autofill joinempty leavewhenempty maxlen weight servicelevel memberdelay context
announce announce_frequency min_announce_frequency announce_holdtime announce_position announce_position_limit announce_position_only_up
announce_round_seconds announce_to_first_user periodic_announce periodic_announce_frequency periodic_announce_startdelay
random_periodic_announce relative_periodic_announce queue_youarenext queue_thereare queue_callswaiting queue_quantity1 queue_quantity2
queue_holdtime queue_minute queue_minutes queue_seconds queue_thankyou queue_callerannounce queue_reporthold reportholdtime
autopause autopausedelay autopausebusy autopauseunavail timeoutrestart timeoutpriority defaultrule penaltymemberslimit
setinterfacevar setqueuevar setqueueentryvar membergosub monitor_type monitor_format log_restricted_caller_id
"""

#: While the program is dead this queue takes the callers. Everybody who is free rings at once: there is nobody left to choose.
#: Where no member's phone is there, a caller neither enters nor stays, so that the dialplan goes on to its static list.
SAFETY_NET = {
    "name": "safety-net",
    "musicclass": "waiting",
    "strategy": "ringall",
    "timeout": "15",
    "retry": "1",
    "wrapuptime": "10",
    "ringinuse": "no",
    "autofill": "yes",
    "joinempty": "paused,invalid,unavailable,unknown",
    "leavewhenempty": "paused,invalid,unavailable,unknown",
    "maxlen": "0",
    "announce_frequency": "0",
    "setinterfacevar": "yes",
    "setqueueentryvar": "yes",
    "autopause": "no",
}

# Signed in and ready first, then those on a break; if nobody is signed in, everybody with an account: never nobody.
SAFETY_NET_MEMBERS = """
CREATE VIEW safety_net_members AS
WITH staff AS (
    SELECT counsellors.extension, COALESCE(presence.human, 'off') AS human
    FROM counsellors LEFT JOIN presence ON presence.counsellor_id = counsellors.id
    WHERE counsellors.disabled_at IS NULL
)
SELECT
    extension AS uniqueid,
    'safety-net'::text AS queue_name,
    'PJSIP/' || extension AS interface,
    'counsellor-' || extension AS membername,
    'PJSIP/' || extension AS state_interface,
    CASE human WHEN 'ready' THEN 0 WHEN 'break' THEN 5 ELSE 9 END AS penalty,
    0 AS paused,
    ''::text AS reason_paused
FROM staff
WHERE human <> 'off' OR NOT EXISTS (SELECT 1 FROM staff AS others WHERE others.human <> 'off')
"""

# An account is made or changed a few times a year, so the notice costs nothing (in a hot transaction it would).
NOTIFY_COUNSELLORS = """
CREATE FUNCTION notify_counsellors_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('counsellors_changed', '');
    RETURN NULL;
END
$$;
CREATE TRIGGER counsellors_changed AFTER INSERT OR DELETE OR TRUNCATE OR UPDATE OF extension, name, disabled_at ON counsellors
FOR EACH STATEMENT EXECUTE FUNCTION notify_counsellors_changed()
"""


def upgrade() -> None:
    """Make everything."""
    op.create_table(
        "counsellors",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("extension", sa.Text, nullable=False, unique=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("pin_hash", sa.Text, nullable=False),
        sa.Column("pin_failures", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("pin_locked_until", _AT),
        sa.Column("created_at", _AT, nullable=False),
        sa.Column("disabled_at", _AT),
    )
    op.create_table(
        "presence",
        sa.Column("counsellor_id", sa.Uuid, sa.ForeignKey("counsellors.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("human", sa.Text, nullable=False, server_default="off"),
        sa.Column("break_reason", sa.Text),
        sa.Column("system", sa.Text, nullable=False, server_default="idle"),
        sa.Column("reachable", sa.Boolean, nullable=False, server_default="false"),
        sa.Column("epoch", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("contact_id", sa.Uuid),
        sa.Column("idle_since", _AT),
        sa.Column("deadline", _AT),
        sa.Column("changed_at", _AT, nullable=False),
        sa.CheckConstraint("human IN ('off', 'ready', 'break')", name="human"),
        sa.CheckConstraint("system IN ('idle', 'offered', 'talking', 'wrapup')", name="system"),
    )
    op.create_table(
        "presence_events",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("counsellor_id", sa.Uuid, sa.ForeignKey("counsellors.id", ondelete="CASCADE"), nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("human", sa.Text, nullable=False),
        sa.Column("system", sa.Text, nullable=False),
        sa.Column("reachable", sa.Boolean, nullable=False),
        sa.Column("reason", sa.Text),
    )
    op.create_index("ix_presence_events_counsellor_id_at", "presence_events", ["counsellor_id", "at"])
    op.create_table(
        "contacts",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("node", sa.Text, nullable=False),
        sa.Column("worker", sa.Text, nullable=False),
        sa.Column("channel_id", sa.Text, nullable=False, unique=True),
        sa.Column("entry", sa.Text, nullable=False),
        sa.Column("dialled", sa.Text, nullable=False, server_default=""),
        sa.Column("language", sa.Text, nullable=False, server_default="ko"),
        sa.Column("number_cipher", sa.LargeBinary),
        sa.Column("number_index", sa.LargeBinary),
        sa.Column("withheld", sa.Boolean, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("entered_at", _AT, nullable=False),
        sa.Column("queued_at", _AT),
        sa.Column("answered_at", _AT),
        sa.Column("ended_at", _AT),
        sa.Column("counsellor_id", sa.Uuid, sa.ForeignKey("counsellors.id")),
        sa.Column("outcome", sa.Text),
        sa.CheckConstraint("(outcome IS NULL) = (ended_at IS NULL)", name="outcome_with_end"),
        sa.CheckConstraint("withheld = (number_index IS NULL)", name="withheld_shares_nothing"),
    )
    op.create_index("ix_contacts_number_index", "contacts", ["number_index"])
    op.create_index("ix_contacts_entered_at", "contacts", ["entered_at"])
    op.create_index("ix_contacts_live", "contacts", ["worker"], postgresql_where=sa.text("outcome IS NULL"))
    op.create_table(
        "offers",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("contact_id", sa.Uuid, sa.ForeignKey("contacts.id", ondelete="CASCADE"), nullable=False),
        sa.Column("counsellor_id", sa.Uuid, sa.ForeignKey("counsellors.id"), nullable=False),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.Column("leg_id", sa.Text, nullable=False, unique=True),
        sa.Column("offered_at", _AT, nullable=False),
        sa.Column("ended_at", _AT),
        sa.Column("result", sa.Text),
    )
    op.create_index("ix_offers_contact_id", "offers", ["contact_id"])
    op.create_index("uq_offers_counsellor_epoch", "offers", ["counsellor_id", "epoch"], unique=True)
    op.create_index("uq_offers_live_contact", "offers", ["contact_id"], unique=True, postgresql_where=sa.text("result IS NULL"))
    op.create_index("uq_offers_live_counsellor", "offers", ["counsellor_id"], unique=True, postgresql_where=sa.text("result IS NULL"))
    op.create_table(
        "events",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("contact_id", sa.Uuid, sa.ForeignKey("contacts.id", ondelete="CASCADE"), nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("detail", postgresql.JSONB, nullable=False, server_default="{}"),
    )
    op.create_index("ix_events_contact_id_at", "events", ["contact_id", "at"])
    op.create_table(
        "legs",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("contact_id", sa.Uuid, sa.ForeignKey("contacts.id", ondelete="CASCADE"), nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("counsellor_id", sa.Uuid, sa.ForeignKey("counsellors.id")),
        sa.Column("created_at", _AT, nullable=False),
        sa.Column("answered_at", _AT),
        sa.Column("ended_at", _AT),
        sa.Column("cause", sa.Integer),
    )
    op.create_index("ix_legs_contact_id", "legs", ["contact_id"])
    op.create_table(
        "journal_batches",
        sa.Column("journal", sa.Uuid, primary_key=True),
        sa.Column("batch", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("written_at", _AT, nullable=False, server_default=sa.func.now()),
    )
    _upgrade_asterisk()
    op.execute(NOTIFY_COUNSELLORS)


def _upgrade_asterisk() -> None:
    for table, options in (("ps_endpoints", ENDPOINT_OPTIONS), ("ps_auths", AUTH_OPTIONS), ("ps_aors", AOR_OPTIONS)):
        op.create_table(table, sa.Column("id", sa.Text, primary_key=True), *(sa.Column(name, sa.Text) for name in options.split()))
    queues = op.create_table(
        "queues", sa.Column("name", sa.Text, primary_key=True), *(sa.Column(name, sa.Text) for name in QUEUE_OPTIONS.split())
    )
    op.bulk_insert(queues, [SAFETY_NET])
    op.execute(SAFETY_NET_MEMBERS)


def downgrade() -> None:
    """Unmake everything, with what is in it."""
    op.execute("DROP VIEW safety_net_members")
    op.execute("DROP TRIGGER counsellors_changed ON counsellors")
    op.execute("DROP FUNCTION notify_counsellors_changed()")
    for table in (
        "queues", "ps_aors", "ps_auths", "ps_endpoints", "journal_batches", "legs", "presence_events", "events", "offers", "contacts",
        "presence", "counsellors",
    ):  # fmt: skip
        op.drop_table(table)
