"""Reading events: everything becomes an event, nothing an exception."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.ari import (
    ChannelDestroyed,
    ContactStatusChange,
    Dial,
    EnteredBridge,
    HangupRequest,
    Malformed,
    PeerStatusChange,
    PlaybackFinished,
    StasisStart,
    Unknown,
    parse,
)
from ivr.ari.events import READERS
from tests.kit.ari_fake import channel, event

BRIDGE = {"id": "b1", "bridge_type": "holding", "channels": ["c1"], "name": "wait", "technology": "holding_bridge"}
ENDPOINT = {"technology": "PJSIP", "resource": "101", "state": "online", "channel_ids": []}


def test_a_channel_is_read_whole() -> None:
    """Ids, caller, dialplan, times and variables."""
    message = event(
        "StasisStart",
        args=["call", "menu", "120"],
        channel=channel("c1", caller={"name": "홍길동", "number": "01012345678"}, channelvars={"X": "1", "Y": None}),
        replace_channel=channel("c0"),
    )
    started = parse(message)
    assert isinstance(started, StasisStart)
    assert started.at == datetime(2026, 11, 22, 1, 50, 47, 500000, tzinfo=UTC)
    assert (started.application, started.args, started.replaces, started.subjects) == ("app", ("call", "menu", "120"), "c0", ("c1",))
    caller = started.channel
    assert (caller.caller_number, caller.caller_name, caller.dialplan_context, caller.dialplan_exten) == (
        "01012345678",
        "홍길동",
        "from-trunk",
        "120",
    )
    assert (caller.state, caller.language, dict(caller.variables)) == ("Up", "ko", {"X": "1"})
    assert caller.created_at == datetime(2026, 11, 22, 1, 50, 47, 123000, tzinfo=UTC)


def test_neither_number_nor_digit_is_in_a_representation() -> None:
    """A record that slips into a log must not carry them."""
    caller = channel("c1", caller={"name": "홍길동", "number": "01012345678"})
    texts = repr(parse(event("ChannelDtmfReceived", channel=caller, digit="7", duration_ms=100))) + repr(
        parse(event("StasisEnd", channel=caller))
    )
    assert "0101234" not in texts
    assert "홍길동" not in texts
    assert "'7'" not in texts


def test_an_event_names_its_subjects_nearest_first() -> None:
    """By these a mailbox owns it."""
    entered = parse(event("ChannelEnteredBridge", channel=channel("c1"), bridge=BRIDGE))
    assert isinstance(entered, EnteredBridge)
    assert entered.subjects == ("c1", "b1")
    dial = parse(event("Dial", peer=channel("c2"), caller=channel("c1"), dialstatus="RINGING"))
    assert isinstance(dial, Dial)
    assert (dial.subjects, dial.status) == (("c2", "c1"), "RINGING")
    played = parse(event("PlaybackFinished", playback={"id": "p1", "media_uri": "sound:x", "target_uri": "channel:c1", "state": "done"}))
    assert isinstance(played, PlaybackFinished)
    assert played.subjects == ("p1", "c1")


def test_dialling_that_begins_has_an_empty_status() -> None:
    """Asterisk's first Dial event; no caller where we originate."""
    dial = parse(event("Dial", peer=channel("c2"), dialstatus=""))
    assert isinstance(dial, Dial)
    assert (dial.status, dial.caller) == ("", None)


def test_a_hangup_may_come_without_a_cause_but_an_end_may_not() -> None:
    """`cause` of ChannelHangupRequest is optional, of ChannelDestroyed required; 0 is a cause."""
    request = parse(event("ChannelHangupRequest", channel=channel("c1")))
    assert isinstance(request, HangupRequest)
    assert request.cause is None
    destroyed = parse(event("ChannelDestroyed", channel=channel("c1"), cause=0, cause_txt="Unknown"))
    assert isinstance(destroyed, ChannelDestroyed)
    assert destroyed.cause == 0
    assert parse(event("ChannelDestroyed", channel=channel("c1"))) == Malformed(
        type="ChannelDestroyed", reason="cause", at=destroyed.at, application="app"
    )


def test_phones_are_read() -> None:
    """Contact and peer."""
    contact = parse(
        event("ContactStatusChange", endpoint=ENDPOINT, contact_info={"uri": "sip:x", "contact_status": "Removed", "aor": "101"})
    )
    assert isinstance(contact, ContactStatusChange)
    assert (contact.endpoint.name, contact.status, contact.aor) == ("PJSIP/101", "Removed", "101")
    # As it comes from Asterisk: an endpoint without `channel_ids`.
    peer = parse(event("PeerStatusChange", endpoint={"technology": "PJSIP", "resource": "101"}, peer={"peer_status": "Unreachable"}))
    assert isinstance(peer, PeerStatusChange)
    assert (peer.status, peer.endpoint.state) == ("Unreachable", "unknown")


def test_an_unknown_type_is_unknown() -> None:
    """A newer Asterisk may send more."""
    assert isinstance(parse(event("ChannelDreamt", channel=7)), Unknown)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ({}, "type"),
        ({"type": 7}, "type"),
        (event("StasisStart", args=[]), "channel"),
        (event("StasisStart", args=[], channel="c1"), "channel"),
        (event("StasisStart", args=[], channel=channel("")), "id"),
        (event("StasisStart", args=[], channel=channel("x", id=5)), "id"),
        (event("StasisStart", args=["a", 5], channel=channel("c1")), "args"),
        (event("StasisStart", args="call", channel=channel("c1")), "args"),
        (event("ChannelDtmfReceived", channel=channel("c1"), duration_ms=1), "digit"),
        (event("ChannelDtmfReceived", channel=channel("c1"), digit="55", duration_ms=1), "digit"),
        (event("ChannelDtmfReceived", channel=channel("c1"), digit=5, duration_ms=1), "digit"),
        (event("ChannelDestroyed", channel=channel("c1"), cause="16", cause_txt=""), "cause"),
        (event("ChannelDestroyed", channel=channel("c1"), cause=True, cause_txt=""), "cause"),
        (event("Dial", peer=channel("c1"), dialstatus=None), "dialstatus"),
        (event("PlaybackFinished", playback={"id": "p1"}), "state"),
        (event("BridgeDestroyed", bridge={"id": "b1", "channels": None}), "channels"),
    ],
)
def test_what_we_act_on_must_be_right(message: dict[str, object], reason: str) -> None:
    """A missing or wrong id, digit, cause, status or argument makes the event malformed, and the reason names it."""
    malformed = parse(message)
    assert isinstance(malformed, Malformed)
    assert malformed.reason == reason


@pytest.mark.parametrize("nonsense", [None, 7, [], "x", {"name": 3, "number": []}])
def test_what_only_decorates_may_be_nonsense(nonsense: object) -> None:
    """A malformed caller name must never lose a call."""
    message = event(
        "StasisStart",
        args=[],
        channel=channel("c1", caller=nonsense, dialplan=nonsense, creationtime=nonsense, language=None, state=None, channelvars=nonsense),
    )
    started = parse(message | {"timestamp": nonsense, "application": None})
    assert isinstance(started, StasisStart)
    assert (started.channel.caller_number, started.channel.created_at, started.at) == ("", None, None)


def test_a_time_without_a_zone_is_no_time() -> None:
    """An aware moment or none."""
    assert parse(event("StasisEnd", channel=channel("c1")) | {"timestamp": "2026-11-22T10:50:47"}).at is None


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "channel", "state", "cause", "x"]), inner, max_size=4)
    ),
    max_leaves=20,
)
_fields = st.sampled_from(
    ["channel", "bridge", "playback", "peer", "caller", "endpoint", "contact_info", "device_state", "args", "digit", "cause", "dialstatus"]
)


@given(
    st.sampled_from(sorted(READERS)), st.dictionaries(_fields, _json, max_size=6), st.dictionaries(st.text(max_size=3), _json, max_size=3)
)
def test_nothing_at_all_makes_parse_raise(kind: str, fields: dict[str, object], other: dict[str, object]) -> None:
    """Whatever JSON comes under whatever type."""
    parse({**other, **fields, "type": kind})
    parse({**fields, **other})
