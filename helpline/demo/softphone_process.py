"""A SIP telephone as a process: JSON commands on standard input, JSON events on standard output.

pjsua2 is a C++ library; a fault in it ends the process it lives in. So each phone is a process of its own (`softphone.Softphone`
starts and drives it), which also makes "the phone dies" a plain SIGKILL. The process ends by itself when its input closes.

The first line is the configuration (see `PhoneConfig`), each further line `{"id": 1, "do": "call", …}`, answered by
`{"event": "reply", "id": 1, …}`. Other lines are events with `mono_ns` (CLOCK_MONOTONIC, comparable between processes of one machine)
and `wall_ns`. Standard output carries nothing else; the library's own log goes to a file.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pjsua2 as pj

from helpline.demo.softphone_audio import Ear, Mouth
from helpline.demo.softphone_setup import PhoneConfig, account_config, start_library

#: Longest wait for a command while nothing arrives from the network; SIP messages are handled at once.
_POLL_MS = 10

_Fields = dict[str, object]


class _Wire:
    """Writes one JSON line per event."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lock = threading.Lock()

    def send(self, event: str, **fields: object) -> None:
        mono, wall = time.monotonic_ns(), time.time_ns()
        line = json.dumps({"event": event, "mono_ns": mono, "wall_ns": wall, **fields}, ensure_ascii=False) + "\n"
        # The audio thread and the main thread both write; a line is never torn.
        with self._lock:
            os.write(self._descriptor, line.encode())


class _Call(pj.Call):  # type: ignore[misc]
    """One call of the phone, by a number of our own (the library reuses its ids)."""

    def __init__(self, phone: _Phone, number: int, library_id: int = pj.PJSUA_INVALID_ID) -> None:
        super().__init__(phone.account, library_id)
        self.phone = phone
        self.number = number
        self.bye = ""

    def onCallTsxState(self, prm: Any) -> None:
        if prm.e.type == pj.PJSIP_EVENT_TSX_STATE and prm.e.body.tsxState.type == pj.PJSIP_EVENT_RX_MSG:
            message = prm.e.body.tsxState.src.rdata.wholeMsg
            if message.startswith(("BYE", "CANCEL")):
                self.bye = _header(message, "Reason")
                self.phone.wire.send("told_to_stop", call=self.number, method=message.split(" ", 1)[0], reason=self.bye)

    def onCallState(self, prm: Any) -> None:
        info = self.getInfo()
        name = {
            pj.PJSIP_INV_STATE_EARLY: "progress",
            pj.PJSIP_INV_STATE_CONFIRMED: "answered",
            pj.PJSIP_INV_STATE_DISCONNECTED: "ended",
        }.get(info.state)
        if name is None:
            return
        self.phone.wire.send(name, call=self.number, code=info.lastStatusCode, reason=info.lastReason, reason_header=self.bye)
        if name == "ended":
            self.phone.forget(self)

    def onCallMediaState(self, prm: Any) -> None:
        info = self.getInfo()
        for index, media in enumerate(info.media):
            if media.type == pj.PJMEDIA_TYPE_AUDIO and media.status == pj.PJSUA_CALL_MEDIA_ACTIVE:
                audio = self.getAudioMedia(index)
                audio.startTransmit(self.phone.ear)
                self.phone.mouth.speak_to(audio)
                self.phone.wire.send("media", call=self.number)


class _Account(pj.Account):  # type: ignore[misc]
    def __init__(self, phone: _Phone) -> None:
        super().__init__()
        self.phone = phone

    def onRegState(self, prm: Any) -> None:
        if prm.code // 100 == 2:
            self.phone.wire.send("registered" if self.getInfo().regIsActive else "unregistered", code=prm.code)
        else:
            self.phone.wire.send("registration_failed", code=prm.code, reason=prm.reason)

    def onIncomingCall(self, prm: Any) -> None:
        self.phone.take_incoming(prm)


class _Phone:
    def __init__(self, config: PhoneConfig, wire: _Wire) -> None:
        self.config = config
        self.wire = wire
        self.calls: dict[int, _Call] = {}
        self.dead: list[_Call] = []
        self.numbers = 0
        self.policy: _Fields = {"code": 180}
        self.due: list[tuple[float, Callable[[], None]]] = []
        self.endpoint = start_library(config)
        self.ear = Ear(config.listen_for, wire.send, config.record)
        self.mouth = Mouth()
        self.account = _Account(self)
        self.account.create(account_config(config))
        wire.send("ready")

    # --- calls ---------------------------------------------------------------------------------------------------------------

    def new_number(self) -> int:
        self.numbers += 1
        return self.numbers

    def forget(self, call: _Call) -> None:
        self.calls.pop(call.number, None)
        # The library still uses the object in this very callback; it is freed in the main loop.
        self.dead.append(call)

    def take_incoming(self, prm: Any) -> None:
        call = _Call(self, self.new_number(), prm.callId)
        self.calls[call.number] = call
        info = call.getInfo()
        message = prm.rdata.wholeMsg
        self.wire.send(
            "incoming", call=call.number, remote=info.remoteUri, local=info.localUri, sip_call_id=info.callIdString, message=message
        )
        code, after_ms = int(str(self.policy["code"])), float(str(self.policy.get("after_ms", 0)))
        if after_ms:
            self.answer(call, 180)
            self.due.append((time.monotonic() + after_ms / 1000, lambda: self.answer(call, code)))
        elif code:
            self.answer(call, code)

    def answer(self, call: _Call, code: int) -> None:
        if call.number not in self.calls:
            return
        parameters = pj.CallOpParam()
        parameters.statusCode = code
        call.answer(parameters)

    # --- commands ------------------------------------------------------------------------------------------------------------

    def do(self, command: Mapping[str, Any]) -> _Fields:
        match command["do"]:
            case "register":
                self.account.setRegistration(bool(command.get("on", True)))
            case "policy":
                self.policy = {"code": command["code"], "after_ms": command.get("after_ms", 0)}
            case "call":
                return {"call": self._make_call(command)}
            case "answer":
                self.answer(self.calls[command["call"]], command["code"])
            case "hangup":
                # Already gone is an ordinary outcome.
                if call := self.calls.get(command["call"]):
                    parameters = pj.CallOpParam()
                    parameters.statusCode = command.get("code", 0)
                    call.hangup(parameters)
            case "dtmf":
                self._press(command)
            case "tone":
                self.mouth.play(command.get("frequency"))
            case "mute":
                self.mouth.mute(bool(command["on"]))
            case "listen_for":
                self.ear.listen_for(command["frequencies"])
            case "hearing":
                return self.ear.statistics()
            case "streams":
                return {"streams": [self._stream(call) for call in self.calls.values()]}
            case "cpu":
                return {"cpu_s": time.process_time()}
            case other:
                raise ValueError(f"no such command: {other}")
        return {}

    def _make_call(self, command: Mapping[str, Any]) -> int:
        call = _Call(self, self.new_number())
        parameters = pj.CallOpParam(True)
        for name, value in command.get("headers", {}).items():
            header = pj.SipHeader()
            header.hName, header.hValue = name, value
            parameters.txOption.headers.append(header)
        if command.get("from_uri"):
            parameters.txOption.localUri = command["from_uri"]
        uri = command["uri"]
        if self.config.transport == "tcp" and "transport=" not in uri:
            uri += ";transport=tcp"
        # In the table first: a call may fail inside makeCall and then reports its end at once.
        self.calls[call.number] = call
        self.wire.send("inviting", call=call.number)
        try:
            call.makeCall(uri, parameters)
        except pj.Error:
            self.calls.pop(call.number, None)
            raise
        return call.number

    def _press(self, command: Mapping[str, Any]) -> None:
        """Press keys one after another, with a gap as a finger makes it; no gap: as fast as the library can."""
        number, digits, gap_ms = command["call"], command["digits"], command.get("gap_ms")
        duration_ms = command.get("duration_ms", 160)
        if number not in self.calls:
            raise KeyError(f"call {number} is over")
        groups = list(digits) if gap_ms is not None else [digits]
        for index, group in enumerate(groups):
            at = time.monotonic() + index * (duration_ms + (gap_ms or 0)) / 1000
            self.due.append((at, partial(self._press_now, number, group, command["method"], duration_ms, len(groups) - index - 1)))

    def _press_now(self, number: int, digits: str, method: str, duration_ms: int, left: int) -> None:
        if call := self.calls.get(number):
            parameters = pj.CallSendDtmfParam()
            parameters.digits = digits
            parameters.duration = duration_ms
            parameters.method = pj.PJSUA_DTMF_METHOD_SIP_INFO if method == "info" else pj.PJSUA_DTMF_METHOD_RFC2833
            call.sendDtmf(parameters)
        self.wire.send("pressed", call=number, left=left)

    def _stream(self, call: _Call) -> _Fields:
        statistics, info = call.getStreamStat(0), call.getStreamInfo(0)
        return {
            "call": call.number, "codec": info.codecName,
            "received": statistics.rtcp.rxStat.pkt, "lost": statistics.rtcp.rxStat.loss, "sent": statistics.rtcp.txStat.pkt,
        }  # fmt: skip

    def run(self, commands: queue.SimpleQueue[str | None]) -> None:
        while True:
            self.endpoint.libHandleEvents(_POLL_MS)
            self.dead.clear()
            now = time.monotonic()
            for entry in [entry for entry in self.due if entry[0] <= now]:
                self.due.remove(entry)
                try:
                    entry[1]()
                except pj.Error as error:
                    self.wire.send("error", reason=error.reason or error.title)
            while not commands.empty():
                line = commands.get()
                if line is None:
                    return
                self._execute(json.loads(line))

    def _execute(self, command: Mapping[str, Any]) -> None:
        try:
            answer = self.do(command)
        except pj.Error as error:
            self.wire.send("reply", id=command["id"], error=error.reason or error.title)
        except (KeyError, ValueError) as error:
            self.wire.send("reply", id=command["id"], error=f"{type(error).__name__}: {error}")
        else:
            self.wire.send("reply", id=command["id"], **answer)


def _header(message: str, name: str) -> str:
    prefix = f"{name.lower()}:"
    return next((line.split(":", 1)[1].strip() for line in message.splitlines() if line.lower().startswith(prefix)), "")


def main() -> None:
    """Run one phone until standard input closes."""
    # Whatever a library prints must not disturb the protocol: descriptor 1 becomes standard error, the events get a copy of it.
    wire = _Wire(os.dup(1))
    os.dup2(2, 1)
    config = PhoneConfig(**json.loads(sys.stdin.readline()))
    if config.log:
        Path(config.log).parent.mkdir(parents=True, exist_ok=True)
    commands: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def read() -> None:
        for line in sys.stdin:
            commands.put(line)
        commands.put(None)

    try:
        phone = _Phone(config, wire)
    except pj.Error as error:
        wire.send("failed", reason=error.info())
        raise SystemExit(1) from None
    threading.Thread(target=read, name="commands", daemon=True).start()
    phone.run(commands)
    phone.ear.close()
    wire.send("leaving")
    # The library's own shutdown waits a second for unregistration that nobody asked for.
    os._exit(0)


if __name__ == "__main__":
    main()
