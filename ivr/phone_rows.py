"""The rows that make a counsellor's phone a SIP account: PJSIP realtime objects, read by Asterisk at the moment they are needed.

An account is three rows with the extension as id: endpoint (how to talk), aor (where it is registered), auth (who it is). The same
values, as text, are written to `pjsip_static.conf` by `ivr.static_phones` for the hour in which the database is away.

Only HA1, the MD5 of `user:realm:secret`, is stored (RFC 8760 keeps MD5 for the phones that know nothing better): the secret itself
is shown once, when the account is made. All values are text: so are the columns, because to Asterisk every option is a word.
"""

from __future__ import annotations

import hashlib
import re

#: Digest realm of every phone; part of the stored hash, so changing it means new secrets for all phones.
REALM = "annyeong120"
#: What a phone may be called: it is typed on a keypad and used as a SIP user part.
EXTENSION = re.compile(r"^[1-9][0-9]{1,7}$")
#: The realtime tables, in the order in which rows must be inserted so that no phone is ever half an account.
TABLES = ("ps_aors", "ps_auths", "ps_endpoints")


def ha1(extension: str, secret: str) -> str:
    """The digest that stands for a phone's secret (RFC 2617 §3.2.2.2), 32 hexadecimal digits."""
    return hashlib.md5(f"{extension}:{REALM}:{secret}".encode(), usedforsecurity=False).hexdigest()


def phone_rows(extension: str, secret: str) -> dict[str, dict[str, str]]:
    """Table -> row for one phone. Raises `ValueError` for an extension that is not 2 to 8 digits, the first not 0."""
    return rows_for_digest(extension, ha1(extension, secret))


def rows_for_digest(extension: str, digest: str) -> dict[str, dict[str, str]]:
    """The same for a secret already hashed by `ha1`: how a stored account is written again."""
    if not EXTENSION.fullmatch(extension):
        raise ValueError(f"{extension!r} is not an extension: 2 to 8 digits, the first not 0")
    return {
        "ps_aors": {
            "id": extension,
            # One phone a person: a second registration takes over, so that a lost one is never rung in its place.
            "max_contacts": "1",
            "remove_existing": "yes",
            "default_expiration": "120",
            "minimum_expiration": "30",
            "maximum_expiration": "600",
            # A phone that is switched off is noticed within 15 s and its counsellor is no longer offered calls.
            "qualify_frequency": "15",
            "qualify_timeout": "3",
        },
        "ps_auths": {
            "id": extension,
            "auth_type": "md5",
            "username": extension,
            "realm": REALM,
            "md5_cred": digest,
        },
        "ps_endpoints": {
            "id": extension,
            "aors": extension,
            "auth": extension,
            "identify_by": "auth_username,username",
            "context": "from-counsellor",
            "disallow": "all",
            "allow": "alaw,ulaw,g722,opus",
            # All sound passes through Asterisk: only so can a caller be moved, kept, or rescued from a dead phone.
            "direct_media": "no",
            "rtp_symmetric": "yes",
            "force_rport": "yes",
            "rewrite_contact": "yes",
            # RFC 4733 where the phone offers it, else tones in the sound; SIP INFO is understood in every mode.
            "dtmf_mode": "auto",
            # Seconds without a packet after which a phone counts as dead; its caller goes back to the front of the queue.
            "rtp_timeout": "30",
            # On hold a phone may rightly be silent for long.
            "rtp_timeout_hold": "900",
            # A phone in a call is in use, so the safety net's queue does not ring it a second time.
            "device_state_busy_at": "1",
            "language": "ko",
            # A counsellor's REFER would take the caller out of the program's hands; transfers are keys and buttons instead.
            "allow_transfer": "no",
            "allow_subscribe": "no",
            "tos_audio": "ef",
        },
    }
