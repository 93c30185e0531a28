"""Key files: read strictly, made only where this installation owns everything (the embedded database)."""

from __future__ import annotations

import base64
import binascii
import contextlib
import os
import secrets
import stat
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from core.cipher import KEY_BYTES, NumberCipher
from core.errors import SecretsError
from core.settings import Settings


def load_cipher(settings: Settings) -> NumberCipher:
    """The cipher with this installation's keys; see `load_keys`."""
    return NumberCipher(*load_keys(settings))


def load_keys(settings: Settings) -> tuple[dict[str, bytes], bytes]:
    """This installation's keys: those for numbers by id, the first one in use, and the index key.

    With the embedded database and no paths in the settings, missing files are made (32 random bytes each, mode 0600). Everywhere else, and when
    only one of the two is missing, a missing file is an error: a new key would make every number stored so far unreadable.
    Raises SecretsError, which says which file and what to do.
    """
    folder = settings.data_dir.absolute() / "secrets"
    numbers = settings.secrets.number_keys_file or folder / "number.keys"
    index = settings.secrets.index_key_file or folder / "index.key"
    ours = settings.embedded_database and settings.secrets.number_keys_file is None and settings.secrets.index_key_file is None
    if ours and not numbers.exists() and not index.exists():
        _make_folder(folder)
        # The index key last: as long as it is missing nothing has been stored under either.
        _make(numbers, f"{datetime.now(UTC):k%Y%m%d}:{_new_key()}\n")
        _make(index, f"{_new_key()}\n")
    return _read_number_keys(numbers), _decode(_read(index).strip(), index, 1)


def read_private(path: Path) -> str:
    """A secret's text. Raises SecretsError if the file is missing, or if others on this machine can read or change it."""
    return _read(path)


def _read_number_keys(path: Path) -> dict[str, bytes]:
    keys: dict[str, bytes] = {}
    for number, line in enumerate(_read(path).splitlines(), start=1):
        text = line.partition("#")[0].strip()
        if not text:
            continue
        name, colon, key = text.partition(":")
        if not colon:
            raise SecretsError(f"{path} line {number}: must be id:key with the key in base64")
        if name.strip() in keys:
            raise SecretsError(f"{path} line {number}: the key id {name.strip()} is there twice")
        keys[name.strip()] = _decode(key.strip(), path, number)
    if not keys:
        raise SecretsError(f"{path} has no key in it")
    return keys


def _decode(text: str, path: Path, line: int) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise SecretsError(f"{path} line {line}: the key is not base64") from None
    if len(key) != KEY_BYTES:
        raise SecretsError(f"{path} line {line}: the key has {len(key)} bytes; {KEY_BYTES} are needed")
    return key


def _read(path: Path) -> str:
    try:
        with path.open(encoding="ascii") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise SecretsError(f"{path} is not a file")
            if status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise SecretsError(
                    f"{path} can be used by others on this machine (mode {stat.S_IMODE(status.st_mode):04o}): chmod 600 {path}"
                )
            if status.st_uid not in (os.geteuid(), 0):
                raise SecretsError(f"{path} belongs to another user (uid {status.st_uid})")
            return file.read(65536)
    except FileNotFoundError:
        raise SecretsError(
            f"{path} is missing: put the key file of this installation there; without it stored numbers can't be read"
        ) from None
    except UnicodeDecodeError:
        raise SecretsError(f"{path} is not a text file with keys") from None
    except OSError as error:
        raise SecretsError(f"{path} can't be read: {error.strerror}") from None


def _new_key() -> str:
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise SecretsError(f"the folder {folder} can't be made: {error.strerror}") from None


def _make(path: Path, text: str) -> None:
    """Write a file that either is not there or is complete; one made by another process in the same moment stays."""
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(name, path)
        Path(name).unlink()
    except OSError as error:
        raise SecretsError(f"{path} can't be made: {error.strerror}") from None
