"""Encryption of telephone numbers at rest, and a keyed hash to find them again.

A sealed number is `version (1 byte) | length of key id (1) | key id | nonce (12) | AES-256-GCM of the number padded to 24 bytes, and tag (16)`.
The header is authenticated with the number, so a key id can't be exchanged; the padding hides how long the number is. Nonces are random,
96 bits: safe for 2^32 numbers under one key (NIST SP 800-38D §8.3), which is more than this line will ever take.

The blind index is HMAC-SHA256 cut to 16 bytes: equal for equal numbers, useless without the key (a plain hash of eleven digits is undone in
minutes), and with 10^8 stored numbers the chance of any collision is below 10^-22.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from collections.abc import Callable, Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from core.errors import CipherError, SecretsError

KEY_BYTES = 32
INDEX_BYTES = 16
_VERSION = 1
_NONCE_BYTES = 12
_TAG_BYTES = 16
_PADDED_BYTES = 24
_PURPOSE = b"annyeong120 number"
_INDEX_PURPOSE = b"annyeong120 number index\x00"
_KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")


class NumberCipher:
    """Seals and opens numbers. `keys`: by id; the first seals, every one opens (so a key is rotated by putting a new one in front)."""

    def __init__(self, keys: Mapping[str, bytes], index_key: bytes, *, random: Callable[[int], bytes] = os.urandom) -> None:
        if not keys:
            raise SecretsError("there is no key for numbers")
        for name, key in keys.items():
            if not _KEY_ID.fullmatch(name):
                raise SecretsError(f"key id {name!r}: 1 to 32 letters, digits, - or _ are allowed")
            if len(key) != KEY_BYTES:
                raise SecretsError(f"key {name} has {len(key)} bytes; {KEY_BYTES} are needed")
        if len(index_key) != KEY_BYTES:
            raise SecretsError(f"the index key has {len(index_key)} bytes; {KEY_BYTES} are needed")
        if index_key in keys.values():
            raise SecretsError("the index key must not be a key for numbers as well")
        self._opens = {name.encode(): AESGCM(key) for name, key in keys.items()}
        self._first = next(iter(self._opens))
        self._index_key = index_key
        self._random = random

    def __repr__(self) -> str:
        return f"NumberCipher({len(self._opens)} keys)"

    def encrypt(self, e164: str) -> bytes:
        """Seal a number. Raises ValueError if it is longer than a number can be."""
        plain = e164.encode()
        if not plain or len(plain) > _PADDED_BYTES or b"\x00" in plain:
            raise ValueError("not an E.164 number")
        header = bytes([_VERSION, len(self._first)]) + self._first
        nonce = self._random(_NONCE_BYTES)
        sealed = self._opens[self._first].encrypt(nonce, plain.ljust(_PADDED_BYTES, b"\x00"), _PURPOSE + header)
        return header + nonce + sealed

    def decrypt(self, sealed: bytes) -> str:
        """Open a sealed number. Raises CipherError if it was changed, or its key is not here."""
        if len(sealed) < 2 or sealed[0] != _VERSION:
            raise CipherError("not a sealed number of a version this program knows")
        end = 2 + sealed[1]
        header, nonce, rest = sealed[:end], sealed[end : end + _NONCE_BYTES], sealed[end + _NONCE_BYTES :]
        if len(rest) != _PADDED_BYTES + _TAG_BYTES:
            raise CipherError("a sealed number is damaged: it has the wrong length")
        cipher = self._opens.get(header[2:])
        if cipher is None:
            raise CipherError("a number was sealed with a key that is not in the key file")
        try:
            return cipher.decrypt(nonce, rest, _PURPOSE + header).rstrip(b"\x00").decode()
        except (InvalidTag, UnicodeDecodeError) as error:
            raise CipherError("a sealed number was changed, or the key with its id is another one") from error

    def index(self, e164: str) -> bytes:
        """The blind index: 16 bytes, equal for the same number."""
        return blind_index(self._index_key, e164)


def blind_index(key: bytes, e164: str) -> bytes:
    """The same for whoever has the index key and seals no numbers."""
    return hmac.new(key, _INDEX_PURPOSE + e164.encode(), hashlib.sha256).digest()[:INDEX_BYTES]
