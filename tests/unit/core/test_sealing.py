"""Sealing of small secrets."""

from __future__ import annotations

import pytest

from core.errors import CipherError, SecretsError
from core.sealing import Sealer, derive

KEYS = {"k1": b"1" * 32}


def test_what_was_sealed_opens_for_its_purpose_and_owner_only() -> None:
    """Moved to another row, or used for another thing, it is worth nothing."""
    sealer = Sealer(KEYS, "second factor")
    sealed = sealer.seal(b"secret", owner=b"row 1")
    assert b"secret" not in sealed
    assert sealer.open(sealed, owner=b"row 1") == b"secret"
    assert sealer.seal(b"secret", owner=b"row 1") != sealed
    with pytest.raises(CipherError):
        sealer.open(sealed, owner=b"row 2")
    with pytest.raises(CipherError):
        Sealer(KEYS, "something else").open(sealed, owner=b"row 1")


def test_a_new_key_in_front_still_opens_what_older_ones_sealed() -> None:
    """Rotation."""
    sealed = Sealer(KEYS, "x").seal(b"secret")
    assert Sealer({"k2": b"2" * 32, **KEYS}, "x").open(sealed) == b"secret"
    with pytest.raises(CipherError, match="not in the key file"):
        Sealer({"k2": b"2" * 32}, "x").open(sealed)


def test_damage_is_said() -> None:
    """Every byte counts."""
    sealer = Sealer(KEYS, "x")
    sealed = sealer.seal(b"secret")
    for index in range(len(sealed)):
        with pytest.raises(CipherError):
            sealer.open(sealed[:index] + bytes([sealed[index] ^ 1]) + sealed[index + 1 :])
        with pytest.raises(CipherError):
            sealer.open(sealed[:index])
    with pytest.raises(SecretsError):
        Sealer({}, "x")


def test_derived_keys_differ_by_purpose() -> None:
    """And are as long as keys are."""
    assert derive(b"1" * 32, "a") != derive(b"1" * 32, "b")
    assert len(derive(b"1" * 32, "a")) == 32
