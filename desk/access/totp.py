"""Codes of a second factor that change every half minute: RFC 6238 with SHA-1, six digits and 30 s, as every authenticator does it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from urllib.parse import quote

PERIOD_S = 30
DIGITS = 6
#: A code of the step before or after is taken too: clocks differ, and typing takes time.
WINDOW = 1
#: RFC 4226 §4 recommends 160 bits.
SECRET_BYTES = 20


def make_secret() -> bytes:
    """A new secret."""
    return secrets.token_bytes(SECRET_BYTES)


def code(secret: bytes, step: int) -> str:
    """The code of a time step (Unix time divided by 30 s)."""
    digest = hmac.new(secret, step.to_bytes(8), hashlib.sha1).digest()
    offset = digest[-1] & 0xF
    return f"{(int.from_bytes(digest[offset : offset + 4]) & 0x7FFF_FFFF) % 10**DIGITS:0{DIGITS}d}"


def matching_step(secret: bytes, given: str, now: float) -> int | None:
    """The time step whose code was given, `now` in Unix seconds; None: a wrong code. The caller takes no step twice, nor an older one."""
    given = "".join(given.split())
    here = int(now) // PERIOD_S
    found = None
    for step in range(here - WINDOW, here + WINDOW + 1):
        # All are compared: how long it takes tells nothing.
        if step >= 0 and hmac.compare_digest(code(secret, step).encode(), given.encode()):
            found = step
    return found


def text(secret: bytes) -> str:
    """The secret as people type it."""
    return base64.b32encode(secret).decode().rstrip("=")


def uri(secret: bytes, account: str, issuer: str) -> str:
    """What an authenticator reads from a QR code."""
    label = f"{quote(issuer, safe='')}:{quote(account, safe='')}"
    return f"otpauth://totp/{label}?secret={text(secret)}&issuer={quote(issuer, safe='')}&digits={DIGITS}&period={PERIOD_S}"
