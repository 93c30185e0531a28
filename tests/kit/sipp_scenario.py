"""SIPp scenarios put together from steps.

    caller([press("5", after_ms=1500), hang_up(after_ms=3000)], name='"홍길동"', number="01012345678")

A step is a piece of scenario text. Values that differ from run to run ([service], [remote_ip] …) stay SIPp keywords.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal
from xml.sax.saxutils import quoteattr

_SDP = """v=0
o=caller 53655765 2353687637 IN IP4 [local_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio {port} RTP/AVP 8 0 101
a=rtpmap:8 PCMA/8000
a=rtpmap:0 PCMU/8000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-16
a=ptime:20
a=sendrecv"""


def _message(head: str, body: str = "", kind: str = "application/sdp") -> str:
    typed = f"Content-Type: {kind}\n" if body else ""
    return f"<![CDATA[\n{head.strip()}\n{typed}Content-Length: [len]\n\n{body}\n]]>"


def _sdp(media_port: int | None) -> str:
    return _SDP.format(port=media_port or "[auto_media_port]")


def _request(method: str, body: str = "", kind: str = "application/sdp", *, from_header: str, same_transaction: bool = False) -> str:
    # CANCEL and the ACK of a failure belong to the INVITE's transaction: the same branch.
    branch = "z9hG4bK-[pid]-[call_number]-invite" if same_transaction or method == "INVITE" else "[branch]"
    number = "1" if method in {"ACK", "CANCEL"} else "[cseq]"
    to = "To: <sip:[service]@[remote_ip]:[remote_port]>" + ("" if method == "CANCEL" else "[peer_tag_param]")
    head = (
        f"{method} sip:[service]@[remote_ip]:[remote_port] SIP/2.0\n"
        f"Via: SIP/2.0/[transport] [local_ip]:[local_port];branch={branch}\n"
        f"From: {from_header};tag=[pid]c[call_number]\n{to}\nCall-ID: [call_id]\nCSeq: {number} {method}\n"
        f"Contact: <sip:caller@[local_ip]:[local_port];transport=[transport]>\nMax-Forwards: 70"
    )
    return _message(head, body, kind)


def pause(ms: int) -> str:
    """Wait, doing nothing."""
    return f'<pause milliseconds="{ms}"/>' if ms else ""


def press(
    key: str, *, after_ms: int = 0, method: Literal["pcap", "info"] = "info", pcap: Path | None = None, from_header: str = "FROM"
) -> str:
    """Press a key after a pause: by SIP INFO, or by playing a capture of RFC 4733 packets (needs a raw socket: root)."""
    if method == "pcap":
        name = {"*": "star", "#": "pound"}.get(key, key)
        file = pcap or Path(f"/usr/share/sip-tester/dtmf_2833_{name}.pcap")
        return pause(after_ms) + f"<nop><action><exec play_pcap_audio={quoteattr(str(file))}/></action></nop>"
    body = f"Signal={key}\nDuration=160"
    info = _request("INFO", body, "application/dtmf-relay", from_header=from_header)
    return pause(after_ms) + f'<send retrans="500">{info}</send><recv response="200"/>'


def hang_up(*, after_ms: int = 0, from_header: str = "FROM") -> str:
    """The caller's BYE."""
    bye = _request("BYE", from_header=from_header)
    return pause(after_ms) + f'<send retrans="500">{bye}</send><recv response="200"/>'


def wait_for_bye(within_ms: int = 30_000) -> str:
    """Wait until the other side ends the call."""
    reply = "SIP/2.0 200 OK\n[last_Via:]\n[last_From:]\n[last_To:]\n[last_Call-ID:]\n[last_CSeq:]"
    return f'<recv request="BYE" timeout="{within_ms}"/><send>{_message(reply)}</send>'


def until_told(*, from_header: str = "FROM") -> str:
    """Stay until `Sipp.hang_up_all`, then hang up; or until the other side ends the call. The last step of a scenario."""
    bye = _request("BYE", from_header=from_header)
    reply = "SIP/2.0 200 OK\n[last_Via:]\n[last_From:]\n[last_To:]\n[last_Call-ID:]\n[last_CSeq:]"
    return (
        '<recv request="BYE" optional="true" next="1"/><recv request="MESSAGE"/>'
        f'<send retrans="500">{bye}</send><recv response="200" next="2"/>'
        f'<label id="1"/><send>{_message(reply)}</send><label id="2"/><pause milliseconds="1"/>'
    )


def caller(
    steps: Sequence[str],
    *,
    number: str = "01012345678",
    name: str = "",
    from_header: str = "",
    headers: Sequence[str] = (),
    late_offer: bool = False,
    media_port: int | None = None,
    answer_within_ms: int = 10_000,
) -> str:
    """A call that is answered, then the steps. `name` is the display name as it stands on the wire (with its quotes);
    `from_header` replaces the whole of From's address. `late_offer`: an INVITE without SDP, our SDP comes in the ACK.
    """
    sender = from_header or f"{name} <sip:{number}@[local_ip]:[local_port]>".strip()
    body = _sdp(media_port)
    invite = _request("INVITE", "" if late_offer else body, from_header=sender).replace(
        "Max-Forwards: 70", "\n".join(["Max-Forwards: 70", *headers])
    )
    # Before the first response there is no tag of the other side.
    invite = invite.replace("[peer_tag_param]", "")
    ack = _request("ACK", body if late_offer else "", from_header=sender)
    parts = [
        f'<send retrans="500">{invite}</send>',
        '<recv response="100" optional="true"/><recv response="180" optional="true"/><recv response="183" optional="true"/>',
        f'<recv response="200" timeout="{answer_within_ms}" rtd="true"/>',
        f"<send>{ack}</send>",
        *(step.replace("From: FROM;", f"From: {sender};") for step in steps),
    ]
    return _scenario("caller", parts)


def cancelling_caller(*, after_ms: int, number: str = "01012345678") -> str:
    """A caller who gives up while it rings, before any answer."""
    sender = f"<sip:{number}@[local_ip]:[local_port]>"
    invite = _request("INVITE", _sdp(None), from_header=sender).replace("[peer_tag_param]", "")
    cancel = _request("CANCEL", from_header=sender, same_transaction=True)
    ack = _request("ACK", from_header=sender, same_transaction=True)
    parts = [
        f'<send retrans="500">{invite}</send>',
        '<recv response="100" optional="true"/><recv response="180"/>',
        pause(after_ms),
        f'<send retrans="500">{cancel}</send><recv response="200"/><recv response="487"/><send>{ack}</send>',
    ]
    return _scenario("cancelling caller", parts)


def refused_caller(code: int, *, number: str = "01012345678", within_ms: int = 5000) -> str:
    """A caller who expects to be refused with this status."""
    sender = f"<sip:{number}@[local_ip]:[local_port]>"
    invite = _request("INVITE", _sdp(None), from_header=sender).replace("[peer_tag_param]", "")
    ack = _request("ACK", from_header=sender, same_transaction=True)
    parts = [
        f'<send retrans="500">{invite}</send>',
        '<recv response="100" optional="true"/>',
        f'<recv response="{code}" timeout="{within_ms}"/><send>{ack}</send>',
    ]
    return _scenario("refused caller", parts)


def phone(kind: Literal["answer", "busy", "reject", "no_answer"], *, ring_ms: int = 0, talk_ms: int | None = None) -> str:
    """A phone that is called: answers after ringing, 486, 603, or rings until the other side gives up. `talk_ms`: then hangs up itself."""
    echo = "[last_Via:]\n[last_From:]\n[last_To:];tag=[pid]p[call_number]\n[last_Call-ID:]\n[last_CSeq:]\nContact: <sip:phone@[local_ip]:[local_port];transport=[transport]>"
    plain = "[last_Via:]\n[last_From:]\n[last_To:]\n[last_Call-ID:]\n[last_CSeq:]"

    def reply(status: str, body: str = "") -> str:
        return f"<send>{_message(f'SIP/2.0 {status}' + chr(10) + echo, body)}</send>"

    parts = ['<recv request="INVITE" rrs="true" crlf="true"/>']
    match kind:
        case "busy" | "reject":
            parts += [reply("486 Busy Here" if kind == "busy" else "603 Decline"), '<recv request="ACK"/>']
        case "no_answer":
            parts += [
                reply("180 Ringing"), '<recv request="CANCEL"/>', f"<send>{_message('SIP/2.0 200 OK' + chr(10) + plain)}</send>",
                # The 487 belongs to the INVITE, whose headers were not the last ones received.
                "<send>" + _message("SIP/2.0 487 Request Terminated\n[last_Via:]\n[last_From:]\n[last_To:];tag=[pid]p[call_number]\n[last_Call-ID:]\nCSeq: [last_cseq_number] INVITE") + "</send>",
                '<recv request="ACK"/>',
            ]  # fmt: skip
        case "answer":
            parts += [reply("180 Ringing"), pause(ring_ms), reply("200 OK", _sdp(None)), '<recv request="ACK"/>']
            if talk_ms is None:
                parts += [wait_for_bye(3_600_000)]
            else:
                bye = (
                    "BYE [next_url] SIP/2.0\nVia: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]\n"
                    "From: <sip:phone@[local_ip]:[local_port]>;tag=[pid]p[call_number]\n[last_From:]\nCall-ID: [call_id]\nCSeq: 1 BYE\nMax-Forwards: 70"
                ).replace("[last_From:]", "To[$caller]")
                parts[0] = (
                    '<recv request="INVITE" rrs="true"><action><ereg regexp=":.*" search_in="hdr" header="From" check_it="true" assign_to="caller"/>'
                    "</action></recv>"
                )
                parts += [pause(talk_ms), f'<send retrans="500">{_message(bye)}</send><recv response="200"/>']
    return _scenario(f"phone: {kind}", parts)


def _scenario(name: str, parts: Sequence[str]) -> str:
    body = "\n".join(part for part in parts if part)
    return (
        f'<?xml version="1.0" encoding="UTF-8" ?>\n<!DOCTYPE scenario SYSTEM "sipp.dtd">\n<scenario name="{name}">\n{body}\n</scenario>\n'
    )
