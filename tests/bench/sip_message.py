"""Just enough SIP (RFC 3261) to play a caller and a phone: reading what is needed, writing the rest from constants."""

from __future__ import annotations

from dataclasses import dataclass

_COMPACT = {"v": "via", "f": "from", "t": "to", "i": "call-id", "m": "contact", "c": "content-type", "l": "content-length"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A request or a response as it came from the wire."""

    #: The request's method, or the method of the CSeq header in a response.
    method: str
    #: 0 for a request.
    status: int
    #: Of a request; empty in a response.
    uri: str
    #: Every Via header, topmost first, as it was written.
    vias: tuple[str, ...]
    from_: str
    to: str
    call_id: str
    cseq: str
    contact: str
    #: Record-Route headers, in the order of the message.
    routes: tuple[str, ...]
    #: WWW-Authenticate of a 401.
    challenge: str
    body: str


def parse(data: bytes) -> Message | None:
    """Read one datagram; None for what is not SIP (keep-alives, junk)."""
    head, _, body = data.decode("utf-8", "replace").partition("\r\n\r\n")
    lines = head.split("\r\n")
    first = lines[0].split(" ", 2)
    if len(first) != 3:
        return None
    vias: list[str] = []
    routes: list[str] = []
    single: dict[str, str] = {}
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if not colon:
            continue
        key = name.strip().lower()
        key = _COMPACT.get(key, key)
        value = value.strip()
        if key == "via":
            vias.append(value)
        elif key == "record-route":
            routes.append(value)
        else:
            single.setdefault(key, value)
    cseq = single.get("cseq", "")
    call_id = single.get("call-id", "")
    if not call_id or " " not in cseq or not vias:
        return None
    if first[0] == "SIP/2.0":
        if not first[1].isdigit():
            return None
        status, method, uri = int(first[1]), cseq.split(" ", 1)[1].strip(), ""
    else:
        status, method, uri = 0, first[0], first[1]
    return Message(
        method=method,
        status=status,
        uri=uri,
        vias=tuple(vias),
        from_=single.get("from", ""),
        to=single.get("to", ""),
        call_id=call_id,
        cseq=cseq,
        contact=single.get("contact", ""),
        routes=tuple(routes),
        challenge=single.get("www-authenticate", ""),
        body=body,
    )


def uri_of(header: str) -> str:
    """The URI inside a Contact, From or To header."""
    start = header.find("<")
    if start >= 0:
        return header[start + 1 : header.find(">", start)]
    return header.split(";", 1)[0].strip()


def user_of(uri: str) -> str:
    """`101` of `sip:101@host:port;x`; empty when the URI names no user."""
    scheme, _, rest = uri.partition(":")
    user, at, _ = rest.partition("@")
    return user if at and scheme in ("sip", "sips") else ""


def media_port(sdp: str) -> int:
    """The port of the first audio stream of a session description; 0 when there is none."""
    for line in sdp.splitlines():
        if line.startswith("m=audio "):
            port = line.split(" ", 2)[1]
            return int(port) if port.isdigit() else 0
    return 0


def sdp(host: str, port: int) -> str:
    """One A-law stream with RFC 4733 events."""
    return (
        f"v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\nm=audio {port} RTP/AVP 8 101\r\n"
        "a=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n"
    )


def request(method: str, uri: str, headers: tuple[str, ...], *, body: str = "", content: str = "application/sdp") -> bytes:
    """A request: `headers` are complete lines without their line ends."""
    return _assemble(f"{method} {uri} SIP/2.0", headers, body, content)


def response(to: Message, status: str, *, tag: str = "", contact: str = "", body: str = "") -> bytes:
    """The answer to a request; `status` is code and reason, `tag` marks our end of the dialogue when the request has none."""
    to_line = f"{to.to};tag={tag}" if tag and ";tag=" not in to.to else to.to
    headers = [*(f"Via: {via}" for via in to.vias), *(f"Record-Route: {route}" for route in to.routes)]
    headers += [f"From: {to.from_}", f"To: {to_line}", f"Call-ID: {to.call_id}", f"CSeq: {to.cseq}"]
    if contact:
        headers.append(f"Contact: <{contact}>")
    return _assemble(f"SIP/2.0 {status}", tuple(headers), body, "application/sdp")


def _assemble(first: str, headers: tuple[str, ...], body: str, content: str) -> bytes:
    lines = [first, *headers]
    if body:
        lines.append(f"Content-Type: {content}")
    lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()
