"""The cipher of telephone numbers."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.cipher import INDEX_BYTES, NumberCipher
from core.errors import CipherError, SecretsError

OLD, NEW, INDEX = b"o" * 32, b"n" * 32, b"i" * 32
CIPHER = NumberCipher({"k1": OLD}, INDEX)
NUMBERS = st.from_regex(r"\+[1-9][0-9]{3,14}", fullmatch=True)


@given(NUMBERS)
def test_what_is_sealed_can_be_opened(number: str) -> None:
    """Round trip."""
    assert CIPHER.decrypt(CIPHER.encrypt(number)) == number


@given(NUMBERS)
def test_no_two_sealed_numbers_are_equal_or_tell_the_length(number: str) -> None:
    """The same number twice gives two different values; all are equally long."""
    first, second = CIPHER.encrypt(number), CIPHER.encrypt(number)
    assert first != second
    assert len(first) == len(CIPHER.encrypt("+82112"))
    assert number.encode() not in first


@given(NUMBERS, st.data())
def test_a_changed_byte_is_noticed(number: str, data: st.DataObject) -> None:
    """Wherever it is: version, key id, nonce, number or tag."""
    sealed = bytearray(CIPHER.encrypt(number))
    position = data.draw(st.integers(0, len(sealed) - 1))
    sealed[position] ^= data.draw(st.integers(1, 255))
    with pytest.raises(CipherError):
        CIPHER.decrypt(bytes(sealed))


@given(st.binary(max_size=80))
def test_what_was_never_sealed_is_refused(noise: bytes) -> None:
    """Any bytes at all."""
    with pytest.raises(CipherError):
        CIPHER.decrypt(noise)


@given(NUMBERS)
def test_another_key_does_not_open_it(number: str) -> None:
    """Neither under the same id nor under another."""
    with pytest.raises(CipherError, match="another one"):
        NumberCipher({"k1": NEW}, INDEX).decrypt(CIPHER.encrypt(number))
    with pytest.raises(CipherError, match="not in the key file"):
        NumberCipher({"k2": OLD}, INDEX).decrypt(CIPHER.encrypt(number))


@given(NUMBERS)
def test_after_rotation_old_numbers_open_and_new_ones_use_the_new_key(number: str) -> None:
    """A new key is put in front; the old one stays until nothing uses it."""
    rotated = NumberCipher({"k2": NEW, "k1": OLD}, INDEX)
    assert rotated.decrypt(CIPHER.encrypt(number)) == number
    assert NumberCipher({"k2": NEW}, INDEX).decrypt(rotated.encrypt(number)) == number
    assert rotated.index(number) == CIPHER.index(number)


@given(NUMBERS, NUMBERS)
def test_the_index_is_equal_for_equal_numbers_only(one: str, other: str) -> None:
    """That is all it tells."""
    assert (CIPHER.index(one) == CIPHER.index(other)) == (one == other)
    assert len(CIPHER.index(one)) == INDEX_BYTES


@given(NUMBERS)
def test_the_index_depends_on_its_key(number: str) -> None:
    """It is not a plain hash, which could be computed for every number there is."""
    plain = hashlib.sha256(number.encode()).digest()
    assert CIPHER.index(number) != plain[:INDEX_BYTES]
    assert CIPHER.index(number) != NumberCipher({"k1": OLD}, NEW).index(number)


@pytest.mark.parametrize(
    ("keys", "index_key", "complaint"),
    [
        ({}, INDEX, "no key"),
        ({"k": b"short"}, INDEX, "5 bytes"),
        ({"k": OLD}, b"short", "5 bytes"),
        ({"ä": OLD}, INDEX, "letters"),
        ({"": OLD}, INDEX, "letters"),
        ({"k": INDEX}, INDEX, "index key"),
    ],
)
def test_bad_keys_are_refused(keys: dict[str, bytes], index_key: bytes, complaint: str) -> None:
    """Before any number is sealed with them."""
    with pytest.raises(SecretsError, match=complaint):
        NumberCipher(keys, index_key)


@pytest.mark.parametrize("number", ["", "+" + "1" * 30, "+82\x00"])
def test_what_can_not_be_a_number_is_not_sealed(number: str) -> None:
    """The padding must be reversible."""
    with pytest.raises(ValueError, match=r"E\.164"):
        CIPHER.encrypt(number)


def test_the_cipher_does_not_show_its_keys() -> None:
    """In a traceback or a log line."""
    assert "oooo" not in repr(CIPHER)
