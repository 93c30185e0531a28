"""Sealing of small secrets at rest (a second factor's key and the like), and keys derived for other purposes.

The keys are those of the installation (`core.secrets`), never used themselves: HKDF-SHA256 (RFC 5869) makes another one for each purpose, so what
was sealed for one can't be opened as another. A sealed text is `version (1 byte) | length of key id (1) | key id | nonce (12) |
AES-256-GCM`, its header authenticated with it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from core.cipher import KEY_BYTES
from core.errors import CipherError, SecretsError
from core.secrets import load_keys
from core.settings import Settings

_VERSION = 1
_NONCE_BYTES = 12


class Sealer:
    """Seals and opens for one purpose. `keys`: by id; the first seals, every one opens."""

    def __init__(self, keys: Mapping[str, bytes], purpose: str) -> None:
        if not keys:
            raise SecretsError("there is no key to seal with")
        self._ciphers = {name.encode(): AESGCM(derive(key, f"seal {purpose}")) for name, key in keys.items()}
        self._first = next(iter(self._ciphers))

    def __repr__(self) -> str:
        return f"Sealer({len(self._ciphers)} keys)"

    def seal(self, plain: bytes, *, owner: bytes = b"") -> bytes:
        """Sealed bytes that open only with the same `owner`: a row's id, so that they can't be moved to another row."""
        header = bytes([_VERSION, len(self._first)]) + self._first
        nonce = os.urandom(_NONCE_BYTES)
        return header + nonce + self._ciphers[self._first].encrypt(nonce, plain, header + owner)

    def open(self, sealed: bytes, *, owner: bytes = b"") -> bytes:
        """What was sealed. Raises CipherError if it was changed or moved, or its key is not here."""
        if len(sealed) < 2 or sealed[0] != _VERSION:
            raise CipherError("not a sealed secret of a version this program knows")
        end = 2 + sealed[1]
        header, nonce, rest = sealed[:end], sealed[end : end + _NONCE_BYTES], sealed[end + _NONCE_BYTES :]
        cipher = self._ciphers.get(header[2:])
        if cipher is None:
            raise CipherError("a secret was sealed with a key that is not in the key file")
        try:
            return cipher.decrypt(nonce, rest, header + owner)
        except (InvalidTag, ValueError) as error:
            raise CipherError("a sealed secret was changed, or the key with its id is another one") from error


def derive(key: bytes, purpose: str) -> bytes:
    """A key of 32 bytes for one purpose only."""
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=f"annyeong120 {purpose}".encode()).derive(key)


def load_sealer(settings: Settings, purpose: str) -> Sealer:
    """A sealer with this installation's keys. Raises SecretsError."""
    keys, _ = load_keys(settings)
    return Sealer(keys, purpose)


def load_chain_key(settings: Settings) -> bytes:
    """The key of the access log's chain; it comes from the index key, which is never exchanged. Raises SecretsError."""
    _, index_key = load_keys(settings)
    return derive(index_key, "access log")
