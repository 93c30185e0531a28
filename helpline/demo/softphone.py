"""A simulated telephone: registers, calls, rings, answers, presses keys, plays and hears tones, dies on request.

    async with Softphone("101", "secret", port=5060) as phone:
        await phone.register()
        call = await phone.incoming(within_s=10)
        await call.answer()
        at_ns = await phone.heard_tone(1017, within_s=3)

The phone itself is a process of its own (`softphone_process`). All times are CLOCK_MONOTONIC nanoseconds (`mono_ns`) and wall-clock nanoseconds
(`wall_ns`), taken in the phone's process at the moment the library reported the event. A caller from the trunk is a phone that
never registers.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

_STARTS_WITHIN_S = 15.0
_ANSWERS_WITHIN_S = 5.0
#: The parent's folder on the module path of the child, wherever the child's working folder is.
_ROOT = Path(__file__).resolve().parents[2]


class PhoneError(Exception):
    """The phone refused a command, or its process has ended."""


class PhoneTimeout(PhoneError, AssertionError):
    """The awaited event did not come in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneEvent:
    """Something that happened at the phone."""

    name: str
    mono_ns: int
    wall_ns: int
    fields: Mapping[str, object]

    @property
    def call(self) -> int:
        """The phone's own number of the call; 0 when the event belongs to none."""
        return int(str(self.fields.get("call", 0)))

    @property
    def code(self) -> int:
        """The SIP status code; 0 when there is none."""
        return int(str(self.fields.get("code", 0)))

    def text(self, field: str) -> str:
        """A field as text; empty when absent."""
        return str(self.fields.get(field, ""))


class PhoneCall:
    """One call at a phone."""

    def __init__(self, phone: Softphone, event: PhoneEvent) -> None:
        self._phone = phone
        self.number = event.call
        #: The INVITE's arrival (incoming), or the moment before it was sent (outgoing).
        self.invite = event

    async def answer(self, code: int = 200) -> None:
        """Send a response: 180 ringing, 200 answered, 486 busy, 603 declined."""
        await self._phone.command("answer", call=self.number, code=code)

    async def hangup(self, code: int = 0) -> None:
        """End the call, cancel it while it rings out, or refuse it (`code`, else 603). A call that is gone already is fine."""
        await self._phone.command("hangup", call=self.number, code=code)

    async def send_dtmf(
        self, digits: str, method: Literal["rfc4733", "info"] = "rfc4733", *, duration_ms: int = 160, gap_ms: int | None = 100
    ) -> None:
        """Press keys: RFC 4733 events in the RTP stream, or SIP INFO (dtmf-relay); returns when the last one is pressed.

        `gap_ms=None` sends them without a pause, as a memory key does. Asterisk then reports some twice over ARI: it ignores a key that
        begins within 45 ms of the last one's end, makes up for it at its end, and tells ARI of both.
        """
        await self._phone.command("dtmf", call=self.number, digits=digits, method=method, duration_ms=duration_ms, gap_ms=gap_ms)
        within_s = 5 + len(digits) * (duration_ms + (gap_ms or 0)) / 1000
        await self._phone.expect("pressed", within_s, where=lambda event: event.call == self.number and event.fields["left"] == 0)

    async def expect(self, name: str, within_s: float = 10.0) -> PhoneEvent:
        """Wait for an event of this call: progress, answered, media, told_to_stop, ended."""
        return await self._phone.expect(name, within_s, where=lambda event: event.call == self.number)

    async def answered(self, within_s: float = 10.0) -> PhoneEvent:
        """Wait until the call is up (200 and ACK)."""
        return await self.expect("answered", within_s)

    async def ended(self, within_s: float = 10.0) -> PhoneEvent:
        """Wait for the end; `code` is the last SIP status, `reason_header` what a BYE or CANCEL said."""
        return await self.expect("ended", within_s)


class Softphone:
    """See the module's text. `from_uri` may be anything a From header may hold, e.g. `"홍길동" <sip:01012345678@10.0.0.1>`."""

    #: Every wait may take so many times as long: on a slow or busy machine more than 1.
    patience = 1.0

    def __init__(
        self,
        user: str,
        secret: str = "",
        *,
        port: int,
        server: str = "127.0.0.1",
        transport: Literal["udp", "tcp"] = "udp",
        address: str = "127.0.0.1",
        sip_port: int = 0,
        from_uri: str = "",
        codecs: Sequence[str] = ("PCMA", "PCMU"),
        expires_s: int = 60,
        listen_for: Sequence[int] = (),
        record: Path | None = None,
        log: Path | None = None,
    ) -> None:
        self.user = user
        self._server = f"{server}:{port}"
        self._config = {
            "user": user, "secret": secret, "server": server, "port": port, "transport": transport, "address": address,
            "sip_port": sip_port,
            # The library counts up from here until a port is free; phones start at different places.
            "rtp_port": random.randrange(33_000, 59_000, 20), "from_uri": from_uri, "codecs": list(codecs), "expires_s": expires_s,
            "listen_for": list(listen_for), "record": str(record or ""), "log": str(log or ""),
        }  # fmt: skip
        #: Everything that happened, in order.
        self.events: list[PhoneEvent] = []
        self._expected: set[int] = set()
        self._changed = asyncio.Condition()
        self._replies: dict[int, asyncio.Future[Mapping[str, object]]] = {}
        self._commands = 0
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._gone = False
        #: What the library and Python say on standard error; shown when the phone ends unexpectedly.
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the phone

    @property
    def pid(self) -> int:
        """Process id of the phone."""
        if self._process is None:
            raise PhoneError("the phone is not running")
        return self._process.pid

    async def __aenter__(self) -> Self:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH", "")]))}
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "helpline.demo.softphone_process",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=self._stderr, env=environment, limit=1 << 20,
            # Ctrl-C at the terminal is for the program that owns the phone, which then ends it.
            start_new_session=True,
        )  # fmt: skip
        self._reader = asyncio.create_task(self._read(), name=f"softphone {self.user}")
        try:
            await self._write(self._config)
            await self.expect("ready", _STARTS_WITHIN_S)
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """End the phone. It does not sign off or hang up: do that first where it matters."""
        process, reader = self._process, self._reader
        if process is None or reader is None:
            return
        if process.returncode is None and process.stdin is not None:
            process.stdin.close()
            try:
                await asyncio.wait_for(process.wait(), 2)
            except TimeoutError:
                process.kill()
                await process.wait()
        # Its last words; a process that was ended leaves an open pipe to nobody.
        await asyncio.wait_for(reader, _ANSWERS_WITHIN_S)
        self._stderr.close()

    async def kill(self) -> None:
        """SIGKILL: the phone dies as if its battery was taken out; nobody is told."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    # --- commands ------------------------------------------------------------------------------------------------------------

    async def command(self, do: str, **arguments: object) -> Mapping[str, object]:
        """Send a command to the phone's process and wait for its reply. Raises PhoneError."""
        if self._gone:
            raise PhoneError(f"phone {self.user} has ended")
        self._commands += 1
        number = self._commands
        reply = self._replies[number] = asyncio.get_running_loop().create_future()
        await self._write({"id": number, "do": do, **arguments})
        try:
            answer: Mapping[str, object] = await asyncio.wait_for(reply, self.patience * _ANSWERS_WITHIN_S)
        except TimeoutError:
            raise PhoneTimeout(f"phone {self.user} did not answer the command {do}") from None
        finally:
            self._replies.pop(number, None)
        if "error" in answer:
            raise PhoneError(f"phone {self.user}, {do}: {answer['error']}")
        return answer

    async def register(self, within_s: float = 5.0) -> PhoneEvent:
        """Register with the server and wait for its 200. Raises PhoneError when refused, PhoneTimeout."""
        await self.command("register", on=True)
        event = await self.expect(("registered", "registration_failed"), within_s)
        if event.name != "registered":
            raise PhoneError(f"phone {self.user} was not registered: {event.code} {event.text('reason')}")
        return event

    async def unregister(self, within_s: float = 5.0) -> PhoneEvent:
        """Give the registration back."""
        await self.command("register", on=False)
        return await self.expect("unregistered", within_s)

    async def on_call(self, code: int = 200, after_ms: float = 0) -> None:
        """What to do with calls from now on: 200 answer, 180 ring, 486, 603; `after_ms` of ringing first; 0: not even a 180."""
        await self.command("policy", code=code, after_ms=after_ms)

    async def call(self, to: str, *, from_uri: str = "", headers: Mapping[str, str] | None = None) -> PhoneCall:
        """Call a number at the server or a whole `sip:` address; returns when the INVITE is on its way."""
        uri = to if to.startswith("sip:") else f"sip:{to}@{self._server}"
        answer = await self.command("call", uri=uri, from_uri=from_uri, headers=dict(headers or {}))
        number = int(str(answer["call"]))
        return PhoneCall(self, await self.expect("inviting", 1, where=lambda event: event.call == number))

    async def incoming(self, within_s: float = 10.0) -> PhoneCall:
        """The next call that arrives (or arrived unnoticed); its `invite` has the time, `remote` and the whole `message`."""
        return PhoneCall(self, await self.expect("incoming", within_s))

    async def play_tone(self, frequency: int | None) -> None:
        """Say a steady tone (Hz) in the current and every later call; None: silence."""
        await self.command("tone", frequency=frequency)

    async def mute(self, on: bool) -> None:
        """Stop (or resume) sending sound; RTP of silence goes on."""
        await self.command("mute", on=on)

    async def listen_for(self, *frequencies: int) -> None:
        """Choose the tones (Hz) that `heard_tone` can wait for."""
        await self.command("listen_for", frequencies=frequencies)

    async def heard_tone(self, frequency: int, within_s: float = 5.0) -> int:
        """Wait until this tone began and was not waited for before; CLOCK_MONOTONIC ns of the moment it was sure (120 ms of it)."""
        event = await self.expect("tone", within_s, where=lambda event: event.fields.get("frequency") == frequency)
        return event.mono_ns

    async def hearing(self) -> Mapping[str, object]:
        """heard_ms, longest_silence_ms (since the last question), sounding, tones."""
        return await self.command("hearing")

    async def cpu_s(self) -> float:
        """Processor time the phone's process has used, in seconds."""
        return float(str((await self.command("cpu"))["cpu_s"]))

    # --- events --------------------------------------------------------------------------------------------------------------

    async def expect(
        self, name: str | tuple[str, ...], within_s: float = 10.0, *, where: Callable[[PhoneEvent], bool] = lambda _: True
    ) -> PhoneEvent:
        """The oldest event of this name that no earlier `expect` took, now or within the time. Raises PhoneTimeout."""
        names = (name,) if isinstance(name, str) else name
        within_s *= self.patience

        def find() -> int | None:
            found = (i for i, event in enumerate(self.events) if i not in self._expected and event.name in names and where(event))
            return next(found, None)

        try:
            async with asyncio.timeout(within_s), self._changed:
                while (index := find()) is None:
                    if self._gone:
                        raise PhoneError(f"phone {self.user} has ended before: {' or '.join(names)}; {self._last_words()}")
                    await self._changed.wait()
        except TimeoutError:
            last = ", ".join(f"{event.name}({event.code or ''})" for event in self.events[-12:])
            raise PhoneTimeout(f"phone {self.user}: no {' or '.join(names)} within {within_s:g} s; last events: {last}") from None
        self._expected.add(index)
        return self.events[index]

    def forget_events(self) -> None:
        """Let later `expect`s see only what happens from now on."""
        self._expected.update(range(len(self.events)))

    def _last_words(self) -> str:
        if self._stderr.closed:
            return ""
        self._stderr.seek(0)
        return self._stderr.read().decode(errors="replace")[-1000:]

    async def _write(self, message: Mapping[str, object]) -> None:
        if self._process is None or self._process.stdin is None:
            raise PhoneError("the phone is not running")
        try:
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            await self._process.stdin.drain()
        except (BrokenPipeError, ConnectionResetError):
            raise PhoneError(f"phone {self.user} has ended") from None

    async def _read(self) -> None:
        process = self._process
        if process is None or process.stdout is None:
            return
        async for line in process.stdout:
            fields = json.loads(line)
            event = PhoneEvent(name=fields.pop("event"), mono_ns=fields.pop("mono_ns"), wall_ns=fields.pop("wall_ns"), fields=fields)
            if event.name == "reply":
                reply = self._replies.get(int(fields["id"]))
                if reply is not None and not reply.done():
                    reply.set_result(fields)
                continue
            self.events.append(event)
            async with self._changed:
                self._changed.notify_all()
        await process.wait()
        for reply in self._replies.values():
            if not reply.done():
                reply.set_result({"error": "the phone's process has ended"})
        self._gone = True
        async with self._changed:
            self._changed.notify_all()
