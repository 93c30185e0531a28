"""What a stranger does: sends one SIP request from some address and listens for what comes back."""

from __future__ import annotations

import socket
import uuid
from contextlib import closing

_SDP = "v=0\r\no=- 1 1 IN IP4 {here}\r\ns=-\r\nc=IN IP4 {here}\r\nt=0 0\r\nm=audio 40000 RTP/AVP 8\r\n"


def request(method: str, *, here: str, port: int, to_port: int, user: str = "100", transport: str = "UDP", extra: str = "") -> bytes:
    """A well-formed request as a scanner would send it."""
    body = _SDP.format(here=here) if method == "INVITE" else ""
    lines = [
        f"{method} sip:{user}@127.0.0.1:{to_port} SIP/2.0",
        f"Via: SIP/2.0/{transport} {here}:{port};branch=z9hG4bK{uuid.uuid4().hex};rport",
        f"From: <sip:{user}@127.0.0.1>;tag={uuid.uuid4().hex[:8]}",
        f"To: <sip:{user}@127.0.0.1>",
        f"Call-ID: {uuid.uuid4().hex}",
        f"CSeq: 1 {method}",
        f"Contact: <sip:{user}@{here}:{port}>",
        "Max-Forwards: 70",
        *([extra] if extra else []),
        *(["Content-Type: application/sdp"] if body else []),
        f"Content-Length: {len(body)}",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


def ask_udp(method: str, *, here: str, to_port: int, wait_s: float = 1.0, user: str = "100", raw: bytes | None = None) -> str | None:
    """Send over UDP; the first line of what comes back, None if nothing does."""
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as sock:
        sock.bind((here, 0))
        sock.settimeout(wait_s)
        port = sock.getsockname()[1]
        sock.sendto(raw or request(method, here=here, port=port, to_port=to_port, user=user), ("127.0.0.1", to_port))
        try:
            return sock.recv(4096).decode(errors="replace").splitlines()[0]
        except TimeoutError:
            return None


def ask_tcp(method: str, *, here: str, to_port: int, wait_s: float = 1.0, user: str = "100") -> str | None:
    """The same over TCP; None also where no connection comes about."""
    with closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as sock:
        sock.bind((here, 0))
        sock.settimeout(wait_s)
        try:
            sock.connect(("127.0.0.1", to_port))
            sock.sendall(request(method, here=here, port=sock.getsockname()[1], to_port=to_port, user=user, transport="TCP"))
            answer = sock.recv(4096).decode(errors="replace")
        except OSError:
            return None
        return answer.splitlines()[0] if answer else None
