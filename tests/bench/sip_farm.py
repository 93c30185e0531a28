"""A farm of callers and phones in one process: SIP over UDP, times taken at the wire by one clock.

Callers and phones have an address of their own each (127.0.0.2 and 127.0.0.3 by default), so the exchange tells trunk and phones apart. A phone
answers at once and sends a marked packet every 20 ms until the caller hears it: that is the proof that the two are bridged, and it
tells which caller got which phone.
"""

from __future__ import annotations

import asyncio
import itertools
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter_ns
from typing import Self

from tests.bench.sip_message import Message, media_port, parse, request, response, sdp, uri_of, user_of
from tests.bench.wire import MARK, Address, SipSocket, hear_only_marked, rtp, udp

_FRAME_S = 0.02
_FRAME = 160
#: A phone that is heard goes on with a packet now and then; nobody speaks after so many packets.
_WORDS_S = 0.25
_FRAMES = 1000


@dataclass(slots=True, eq=False)
class Caller:
    """One caller's call; times in ns of the farm's clock, 0 while it has not happened."""

    call_id: str
    dialled: str
    started: int = 0
    answered: int = 0
    key: int = 0
    bridged: int = 0
    ended: int = 0
    #: The phone that was heard.
    phone: PhoneLeg | None = None
    #: Who hung up: `caller` or `system`.
    ended_by: str = ""
    #: Final status of the INVITE when it was refused.
    refused: int = 0
    _invite: bytes = b""
    _from: str = ""
    _to: str = ""
    _target: str = ""
    _cseq: int = 1
    _media: int = 0


@dataclass(slots=True, eq=False)
class PhoneLeg:
    """One call on a counsellor's phone."""

    id: int
    user: str
    call_id: str
    invited: int
    #: Where the exchange sends from.
    source: Address
    bridged: int = 0
    bye: int = 0
    ended: int = 0
    ended_by: str = ""
    caller: Caller | None = None
    _ok: bytes = b""
    _local: str = ""
    _remote: str = ""
    _target: str = ""
    _media: int = 0
    _cancel: asyncio.TimerHandle | None = field(default=None, repr=False)


class Pattern:
    """What a load does when something happens; every hook may stay empty."""

    def answered(self, caller: Caller) -> None:
        """The caller's INVITE got 200."""

    def offered(self, leg: PhoneLeg) -> None:
        """A phone received an INVITE (and has answered it)."""

    def bridged(self, caller: Caller, leg: PhoneLeg) -> None:
        """The caller hears the phone."""

    def caller_ended(self, caller: Caller) -> None:
        """The caller's leg is over, or was refused."""

    def phone_ended(self, leg: PhoneLeg) -> None:
        """The phone's leg is over."""


class Farm:
    """Callers at one address, phones at another, both towards one exchange."""

    def __init__(self, exchange: Address, *, caller_host: str = "127.0.0.2", phone_host: str = "127.0.0.3") -> None:
        self.exchange = exchange
        self.callers = SipSocket(caller_host, self._at_callers)
        self.phones = SipSocket(phone_host, self._at_phones)
        self._ear = udp(caller_host, receive=1 << 20)
        self._mouth = udp(phone_host, receive=4096)
        hear_only_marked(self._ear)
        self.pattern = Pattern()
        self._calls: dict[str, Caller] = {}
        self._legs: dict[str, PhoneLeg] = {}
        self._by_media: dict[int, Caller] = {}
        self._by_mark: dict[int, PhoneLeg] = {}
        self._ids = itertools.count(1)
        self._unique = f"{perf_counter_ns():x}"
        #: Takes the answers to REGISTER.
        self.registrar: Callable[[Message], None] | None = None
        #: Requests nobody expected, by method (OPTIONS, UPDATE): for the report.
        self.unexpected: dict[str, int] = {}

    async def __aenter__(self) -> Self:
        self.callers.open()
        self.phones.open()
        asyncio.get_running_loop().add_reader(self._ear, self._hear)
        return self

    async def __aexit__(self, *_: object) -> None:
        asyncio.get_running_loop().remove_reader(self._ear)
        for leg in self._legs.values():
            self._hush(leg)
        for part in (self.callers, self.phones, self._ear, self._mouth):
            part.close()

    @property
    def live(self) -> int:
        """Legs of callers and phones that are not over yet."""
        return len(self._calls) + len(self._legs)

    async def reset(self) -> None:
        """Forget everything: hang up what is up and wait a moment for the answers."""
        self.pattern = Pattern()
        for caller in list(self._calls.values()):
            self.hang_up(caller)
        for leg in list(self._legs.values()):
            self.hang_up_phone(leg)
        for _ in range(20):
            if not self.live:
                break
            await asyncio.sleep(0.05)
        for leg in self._legs.values():
            self._hush(leg)
        for table in (self._calls, self._legs, self._by_media, self._by_mark):
            table.clear()

    # -- callers ------------------------------------------------------------------------------------------------------------------

    def call(self, dialled: str, number: str = "01012345678") -> Caller:
        """A caller dials."""
        serial = next(self._ids)
        caller = Caller(f"c{serial}-{self._unique}", dialled)
        caller._from = f"<sip:{number}@{self.callers.host}>;tag=f{serial}"
        caller._target = f"sip:{dialled}@{self.exchange[0]}:{self.exchange[1]}"
        caller._to = f"<{caller._target}>"
        caller._invite = self._caller_request(caller, "INVITE", body=sdp(self.callers.host, self._ear.getsockname()[1]))
        self._calls[caller.call_id] = caller
        caller.started = self.callers.send_until(f"INVITE {caller.call_id}", caller._invite, self.exchange)
        return caller

    def press(self, caller: Caller, digit: str) -> None:
        """The caller presses a key (SIP INFO)."""
        caller._cseq += 1
        data = self._caller_request(caller, "INFO", body=f"Signal={digit}\r\nDuration=100\r\n", content="application/dtmf-relay")
        caller.key = self.callers.send_until(f"{caller._cseq} {caller.call_id}", data, self.exchange)

    def press_rtp(self, caller: Caller, digit: str) -> None:
        """The caller presses a key (RFC 4733, 60 ms); the key's time is that of the last end packet."""
        loop = asyncio.get_running_loop()
        code, at = "0123456789*#".index(digit), perf_counter_ns() // 125_000
        for step in range(4):
            packet = rtp(101, step, at, 7, struct.pack(">BBH", code, 10, _FRAME * (step + 1)), marker=step == 0)
            if step < 3:
                loop.call_later(step * _FRAME_S, self._ear.sendto, packet, (self.exchange[0], caller._media))
        loop.call_later(3 * _FRAME_S, self._end_key, caller, code, at)

    def _end_key(self, caller: Caller, code: int, at: int) -> None:
        for step in range(3):
            packet = rtp(101, 3 + step, at, 7, struct.pack(">BBH", code, 0x80 | 10, _FRAME * 4))
            if step == 2:
                caller.key = perf_counter_ns()
            self._ear.sendto(packet, (self.exchange[0], caller._media))

    def hang_up(self, caller: Caller) -> None:
        """The caller hangs up, or gives up before an answer; nothing when the call is over."""
        if caller.ended:
            return
        caller.ended, caller.ended_by = perf_counter_ns(), "caller"
        if not caller.answered:
            self.callers.send_until(f"1 {caller.call_id}", self._caller_request(caller, "CANCEL", cseq=1, branch="INVITE"), self.exchange)
            return
        caller._cseq += 1
        self.callers.send_until(f"{caller._cseq} {caller.call_id}", self._caller_request(caller, "BYE"), self.exchange)

    def _caller_request(
        self, caller: Caller, method: str, *, cseq: int = 0, branch: str = "", body: str = "", content: str = "application/sdp"
    ) -> bytes:
        number = cseq or caller._cseq
        me = f"{self.callers.host}:{self.callers.port}"
        headers = (
            f"Via: SIP/2.0/UDP {me};branch=z9hG4bK-{branch or method}-{number}-{caller.call_id};rport",
            "Max-Forwards: 70",
            f"From: {caller._from}",
            f"To: {caller._to}",
            f"Call-ID: {caller.call_id}",
            f"CSeq: {number} {method}",
            f"Contact: <sip:bench@{me}>",
        )
        return request(method, caller._target, headers, body=body, content=content)

    def _at_callers(self, data: bytes, source: Address, now: int) -> None:
        message = parse(data)
        if message is None:
            return
        caller = self._calls.get(message.call_id)
        if message.status == 0:
            self._caller_asked(message, caller, source, now)
        elif caller is not None and message.status >= 200:
            if message.method == "INVITE":
                self._caller_invited(message, caller, now)
            elif self.callers.stop(f"{message.cseq.split(' ', 1)[0]} {caller.call_id}") and message.method == "BYE":
                self._end_caller(caller)
        elif caller is not None:
            self.callers.stop(f"INVITE {caller.call_id}")

    def _caller_invited(self, message: Message, caller: Caller, now: int) -> None:
        first = not caller.answered and not caller.refused
        self.callers.stop(f"INVITE {caller.call_id}")
        caller._to = message.to
        if message.status >= 300:
            # The ACK of a refusal belongs to the INVITE's own transaction.
            self.callers.send(self._caller_request(caller, "ACK", cseq=1, branch="INVITE"), self.exchange)
            if first:
                caller.refused, caller.ended = message.status, caller.ended or now
                self._end_caller(caller)
            return
        caller._target = uri_of(message.contact) or caller._target
        self.callers.send(self._caller_request(caller, "ACK", cseq=1), self.exchange)
        if first and caller.ended:
            # Answered in the moment in which the caller gave up.
            caller.answered, caller.ended = now, 0
            self.hang_up(caller)
        elif first:
            caller.answered = now
            caller._media = media_port(message.body)
            self._by_media[caller._media] = caller
            self.pattern.answered(caller)

    def _caller_asked(self, message: Message, caller: Caller | None, source: Address, now: int) -> None:
        body = sdp(self.callers.host, self._ear.getsockname()[1]) if message.method == "INVITE" else ""
        if message.method != "ACK":
            self.callers.send(response(message, "200 OK", contact=f"sip:bench@{self.callers.host}:{self.callers.port}", body=body), source)
        if message.method == "BYE" and caller is not None:
            if not caller.ended:
                caller.ended, caller.ended_by = now, "system"
            self._end_caller(caller)
        elif message.method not in ("BYE", "ACK"):
            self.unexpected[message.method] = self.unexpected.get(message.method, 0) + 1

    def _end_caller(self, caller: Caller) -> None:
        if self._calls.pop(caller.call_id, None) is None:
            return
        if self._by_media.get(caller._media) is caller:
            del self._by_media[caller._media]
        self.pattern.caller_ended(caller)

    # -- phones -------------------------------------------------------------------------------------------------------------------

    def hang_up_phone(self, leg: PhoneLeg) -> None:
        """The counsellor hangs up; nothing when the leg is over."""
        if leg.ended:
            return
        me = f"{self.phones.host}:{self.phones.port}"
        headers = (
            f"Via: SIP/2.0/UDP {me};branch=z9hG4bK-BYE-{leg.id}-{self._unique};rport",
            "Max-Forwards: 70",
            f"From: {leg._local}",
            f"To: {leg._remote}",
            f"Call-ID: {leg.call_id}",
            "CSeq: 1 BYE",
        )
        leg.bye = self.phones.send_until(f"BYE {leg.call_id}", request("BYE", leg._target, headers), leg.source)
        leg.ended, leg.ended_by = leg.bye, "phone"

    def _at_phones(self, data: bytes, source: Address, now: int) -> None:
        message = parse(data)
        if message is None:
            return
        leg = self._legs.get(message.call_id)
        if message.method == "REGISTER" and self.registrar is not None:
            self.registrar(message)
        elif message.status:
            if leg is not None and message.status >= 200 and self.phones.stop(f"BYE {leg.call_id}"):
                self._end_phone(leg)
        elif message.method == "INVITE":
            self._phone_invited(message, leg, source, now)
        elif message.method == "ACK":
            if leg is not None:
                self.phones.stop(f"OK {leg.call_id}")
        else:
            self.phones.send(response(message, "200 OK"), source)
            if message.method in ("BYE", "CANCEL") and leg is not None:
                if not leg.ended:
                    leg.ended, leg.ended_by = now, "system"
                self._end_phone(leg)
            elif message.method not in ("BYE", "CANCEL"):
                self.unexpected[message.method] = self.unexpected.get(message.method, 0) + 1

    def _phone_invited(self, message: Message, leg: PhoneLeg | None, source: Address, now: int) -> None:
        if leg is not None:
            self.phones.send(leg._ok, source)
            return
        leg = PhoneLeg(next(self._ids), user_of(message.uri), message.call_id, now, source)
        tag = f"p{leg.id}"
        leg._local, leg._remote, leg._target = f"{message.to};tag={tag}", message.from_, uri_of(message.contact)
        leg._media = media_port(message.body)
        contact = f"sip:{leg.user}@{self.phones.host}:{self.phones.port}"
        leg._ok = response(message, "200 OK", tag=tag, contact=contact, body=sdp(self.phones.host, self._mouth.getsockname()[1]))
        self._legs[leg.call_id] = leg
        self._by_mark[leg.id] = leg
        self.phones.send_until(f"OK {leg.call_id}", leg._ok, source)
        self._speak(leg, 0)
        self.pattern.offered(leg)

    def _end_phone(self, leg: PhoneLeg) -> None:
        self.phones.stop(f"OK {leg.call_id}")
        self._hush(leg)
        if self._legs.pop(leg.call_id, None) is not None:
            self._by_mark.pop(leg.id, None)
            self.pattern.phone_ended(leg)

    # -- the proof that they hear each other --------------------------------------------------------------------------------------

    def _speak(self, leg: PhoneLeg, frame: int) -> None:
        leg._cancel = None
        if leg.ended or frame >= _FRAMES or not leg._media:
            return
        payload = MARK + struct.pack(">I", leg.id) + b"\xd5" * (_FRAME - 8)
        self._mouth.sendto(rtp(8, frame, frame * _FRAME, leg.id, payload, marker=frame == 0), (leg.source[0], leg._media))
        # Once heard, a few words are enough: on a line without any sound Asterisk may overlook a hang-up until the next packet.
        leg._cancel = asyncio.get_running_loop().call_later(_WORDS_S if leg.bridged else _FRAME_S, self._speak, leg, frame + 1)

    def _hush(self, leg: PhoneLeg) -> None:
        if leg._cancel is not None:
            leg._cancel.cancel()
            leg._cancel = None

    def _hear(self) -> None:
        for _ in range(64):
            try:
                data, source = self._ear.recvfrom(2048)
            except BlockingIOError:
                return
            now = perf_counter_ns()
            leg = self._by_mark.get(struct.unpack_from(">I", data, 16)[0]) if len(data) >= 20 else None
            caller = self._by_media.get(source[1])
            if leg is None or caller is None or leg.bridged:
                continue
            leg.bridged = caller.bridged = now
            leg.caller, caller.phone = caller, leg
            self.pattern.bridged(caller, leg)
