"""The farm's SIP: reading messages, writing them, and a call from its own callers to its own phones."""

from __future__ import annotations

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bench.loads import own_latency
from tests.bench.registration import authorization
from tests.bench.sip_farm import Caller, Farm, Pattern, PhoneLeg
from tests.bench.sip_message import media_port, parse, request, response, sdp, uri_of, user_of
from tests.bench.wire import MARK, hear_only_marked, rtp, udp
from tests.kit.until import until

_INVITE = (
    b"INVITE sip:201@127.0.0.3:5070 SIP/2.0\r\n"
    b"v: SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bKa\r\n"
    b"Via: SIP/2.0/UDP 127.0.0.9;branch=z9hG4bKb\r\n"
    b'f: "a, b: c" <sip:120@127.0.0.1>;tag=1\r\nt: <sip:201@127.0.0.3>\r\ni: abc@x\r\nCSeq: 7 INVITE\r\n'
    b"m: <sip:asterisk@127.0.0.1:5060>\r\nContent-Length: 0\r\n\r\n"
)


def test_parse_reads_compact_and_repeated_headers() -> None:
    """All Via headers in order; short names as long ones."""
    message = parse(_INVITE)
    assert message is not None
    assert (message.method, message.status, message.call_id, message.cseq) == ("INVITE", 0, "abc@x", "7 INVITE")
    assert [via[-1] for via in message.vias] == ["a", "b"]
    assert user_of(message.uri) == "201"
    assert uri_of(message.contact) == "sip:asterisk@127.0.0.1:5060"
    assert uri_of(message.from_) == "sip:120@127.0.0.1"


def test_response_carries_back_what_the_request_had_and_our_tag_once() -> None:
    """Via, From, Call-ID and CSeq are the request's; a To that has a tag keeps it."""
    invite = parse(_INVITE)
    assert invite is not None
    answer = parse(response(invite, "200 OK", tag="p9", contact="sip:201@127.0.0.3:5070", body=sdp("127.0.0.3", 4000)))
    assert answer is not None
    assert (answer.status, answer.method) == (200, "INVITE")
    assert (answer.vias, answer.from_, answer.call_id, answer.cseq) == (invite.vias, invite.from_, invite.call_id, invite.cseq)
    assert answer.to.endswith(";tag=p9")
    assert media_port(answer.body) == 4000
    again = parse(response(answer, "200 OK", tag="other"))
    assert again is not None
    assert again.to == answer.to


@pytest.mark.parametrize("junk", [b"", b"\r\n\r\n", b"\x00" * 4, b"SIP/2.0 abc OK\r\n\r\n", b"INVITE sip:x SIP/2.0\r\nCall-ID: a\r\n\r\n"])
def test_what_is_no_sip_message_is_none(junk: bytes) -> None:
    """Keep-alives and junk are not an error."""
    assert parse(junk) is None


@given(st.binary(max_size=400))
def test_parse_never_raises(data: bytes) -> None:
    """Whatever is in a datagram."""
    parse(data)


def test_request_length_is_that_of_its_body() -> None:
    """Asterisk refuses a message whose length is wrong."""
    data = request("INFO", "sip:x@y", ("Call-ID: 1",), body="Signal=5\r\n", content="application/dtmf-relay")
    head, _, body = data.partition(b"\r\n\r\n")
    assert b"Content-Length: 10" in head
    assert len(body) == 10


def test_digest_matches_the_example_of_rfc_2617() -> None:
    """The response without qop, computed by hand for GET /dir/index.html."""
    challenge = 'Digest realm="testrealm@host.com",nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093",opaque="5ccc"'
    header = authorization(challenge, "Mufasa", "Circle Of Life", "/dir/index.html", method="GET")
    assert 'response="670fd8c2df070c60b045671b8b24ff02"' in header
    assert 'opaque="5ccc"' in header


def test_only_marked_packets_wake_the_farm() -> None:
    """The kernel drops music; a phone's packet comes through."""
    ear, mouth = udp("127.0.0.1", receive=1 << 16), udp("127.0.0.1", receive=4096)
    try:
        hear_only_marked(ear)
        mouth.sendto(rtp(8, 1, 160, 7, b"\xd5" * 160), ear.getsockname())
        with pytest.raises(BlockingIOError):
            ear.recv(2048)
        marked = rtp(8, 2, 320, 7, MARK + b"\xd5" * 156)
        mouth.sendto(marked, ear.getsockname())
        ear.settimeout(1)
        assert ear.recv(2048) == marked
    finally:
        ear.close()
        mouth.close()


class _Seen(Pattern):
    def __init__(self) -> None:
        self.log: list[str] = []

    def answered(self, caller: Caller) -> None:
        self.log.append("answered")

    def offered(self, leg: PhoneLeg) -> None:
        self.log.append(f"offered {leg.user}")

    def caller_ended(self, caller: Caller) -> None:
        self.log.append(f"caller ended by {caller.ended_by}")

    def phone_ended(self, leg: PhoneLeg) -> None:
        self.log.append(f"phone ended by {leg.ended_by}")


async def test_farm_calls_its_own_phone_and_hangs_up() -> None:
    """Both ends see the whole call and nothing is left."""
    async with Farm(("127.0.0.3", 1)) as farm:
        farm.exchange = (farm.phones.host, farm.phones.port)
        seen = farm.pattern = _Seen()
        caller = farm.call("201")
        await until(lambda: "answered" in seen.log)
        assert caller.started < caller.answered
        farm.hang_up(caller)
        await until(lambda: not farm.live)
        assert seen.log == ["offered 201", "answered", "phone ended by system", "caller ended by caller"]


async def test_unanswered_invite_is_sent_again() -> None:
    """UDP may lose it: the same datagram comes a second time."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        silent.setblocking(False)
        async with Farm(silent.getsockname()) as farm:
            farm.call("120")
            await until(lambda: farm.callers.resent, 3)
            assert silent.recv(4096) == silent.recv(4096)


async def test_own_latency_measures_every_call() -> None:
    """The farm's own floor: positive, and one sample a call."""
    samples = await own_latency(10)
    assert len(samples) == 10
    assert all(0 < sample < 1000 for sample in samples)
