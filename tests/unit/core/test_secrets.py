"""Key files."""

from __future__ import annotations

import base64
import stat
from pathlib import Path

import pytest
from pydantic import SecretStr

from core.errors import SecretsError
from core.secrets import load_cipher, read_private
from core.settings import DatabaseSettings, SecretSettings, Settings

KEY = base64.b64encode(b"k" * 32).decode()


def private(path: Path, text: str) -> Path:
    """A file as an operator should make it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o600)
    return path


def given(tmp_path: Path, numbers: str, index: str = KEY) -> Settings:
    """Settings that name key files with this content."""
    return Settings(
        secrets=SecretSettings(
            number_keys_file=private(tmp_path / "number.keys", numbers), index_key_file=private(tmp_path / "index.key", index)
        )
    )


def test_the_embedded_default_makes_private_keys_once(tmp_path: Path) -> None:
    """The second start finds the first one's keys."""
    settings = Settings(data_dir=tmp_path / "var")
    sealed = load_cipher(settings).encrypt("+82112")
    folder = tmp_path / "var" / "secrets"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {"number.keys": 0o600, "index.key": 0o600}
    again = load_cipher(settings)
    assert again.decrypt(sealed) == "+82112"
    assert again.index("+82112") == load_cipher(settings).index("+82112")


def test_two_installations_have_different_keys(tmp_path: Path) -> None:
    """Random, not derived from anything."""
    one, other = (load_cipher(Settings(data_dir=tmp_path / name)) for name in ("a", "b"))
    assert one.index("+82112") != other.index("+82112")


@pytest.mark.parametrize("lost", ["number.keys", "index.key"])
def test_a_key_file_that_got_lost_is_not_replaced(tmp_path: Path, lost: str) -> None:
    """A new key would hide the loss, and every number with it."""
    settings = Settings(data_dir=tmp_path)
    load_cipher(settings)
    (tmp_path / "secrets" / lost).unlink()
    with pytest.raises(SecretsError, match=f"{lost} is missing"):
        load_cipher(settings)


def test_nothing_is_made_for_a_database_of_the_operators_own(tmp_path: Path) -> None:
    """Another worker may have written numbers there with keys this one does not have."""
    with pytest.raises(SecretsError, match="missing"):
        load_cipher(Settings(data_dir=tmp_path, database=DatabaseSettings(url=SecretStr("postgresql://x@y/z"))))
    assert not list(tmp_path.iterdir())


def test_nothing_is_made_where_the_settings_name_a_file(tmp_path: Path) -> None:
    """A path with a typo must not lead to a new key."""
    with pytest.raises(SecretsError, match=r"tpyo\.keys is missing"):
        load_cipher(Settings(data_dir=tmp_path, secrets=SecretSettings(number_keys_file=tmp_path / "tpyo.keys")))
    assert not list(tmp_path.iterdir())


def test_comments_and_blank_lines_are_fine_and_the_first_key_seals(tmp_path: Path) -> None:
    """As DOMAIN's operators write such files."""
    other = base64.b64encode(b"o" * 32).decode()
    cipher = load_cipher(given(tmp_path, f"# keys\n\nnew:{other}  # since March\nold:{KEY}\n", base64.b64encode(b"i" * 32).decode()))
    assert cipher.encrypt("+82112")[2:5] == b"new"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o666, 0o601])
def test_a_key_file_that_others_can_use_is_refused(tmp_path: Path, mode: int) -> None:
    """And the error says what to do."""
    settings = given(tmp_path, f"k:{KEY}\n")
    (tmp_path / "number.keys").chmod(mode)
    with pytest.raises(SecretsError, match=rf"mode {mode:04o}.*chmod 600"):
        load_cipher(settings)


@pytest.mark.parametrize(
    ("numbers", "index", "complaint"),
    [
        ("", KEY, "no key in it"),
        ("# nothing\n", KEY, "no key in it"),
        ("nonsense\n", KEY, r"number.keys line 1: must be id:key"),
        (f"a:{KEY}\na:{KEY}\n", KEY, "line 2: the key id a is there twice"),
        ("\na:%%%\n", KEY, "line 2: the key is not base64"),
        ("a:YWJj\n", KEY, "line 1: the key has 3 bytes; 32 are needed"),
        (f"a:{KEY}\n", "YWJj", r"index.key line 1: the key has 3 bytes"),
        (f"a:{KEY}\n", KEY, "index key must not be"),
        (f"ä:{KEY}\n", KEY, "not a text file"),
    ],
)
def test_a_bad_key_file_says_where_and_what(tmp_path: Path, numbers: str, index: str, complaint: str) -> None:
    """And never shows a key."""
    with pytest.raises(SecretsError, match=complaint) as refused:
        load_cipher(given(tmp_path, numbers, index))
    assert KEY not in str(refused.value)


def test_a_folder_is_not_a_key_file(tmp_path: Path) -> None:
    """An OS error becomes a sentence."""
    with pytest.raises(SecretsError, match=r"can't be read|not a file"):
        read_private(tmp_path)
