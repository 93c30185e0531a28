"""Versions of Asterisk: reading them from what a program or a package says, and the oldest one we accept."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from deploy.machine import shell
from deploy.machine.errors import StepError

_NUMBERS = re.compile(r"(?<![\d.])(\d+)\.(\d+)(?:\.(\d+))?(?:[-~](rc|beta|alpha|pre)(\d+))?")


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """An Asterisk release. `final` is False for release candidates, which come before their release."""

    major: int
    minor: int
    patch: int = 0
    final: bool = True
    candidate: int = 0

    def __str__(self) -> str:
        text = f"{self.major}.{self.minor}.{self.patch}"
        return text if self.final else f"{text}-rc{self.candidate}"


#: Security fixes in ARI came with this release.
OLDEST = Version(22, 10, 1)


class AsteriskVersionError(StepError):
    """The version of an Asterisk could not be read, or it is too old."""


def parse(text: str) -> Version:
    """Read `Asterisk 22.10.1`, `1:22.10.1+dfsg+~cs6.17-1`, `certified/22.8-cert1`, `22.10.0-rc2`. Raises `AsteriskVersionError`."""
    found = _NUMBERS.search(_without_epoch(text))
    if found is None:
        raise AsteriskVersionError(f"no Asterisk version in {text.strip()[:80]!r}")
    major, minor, patch, kind, number = found.groups()
    return Version(int(major), int(minor), int(patch or 0), kind is None, int(number or 0))


def version_of(command: Sequence[str]) -> Version:
    """Ask an Asterisk program (`[…, "asterisk"]`, loader first if it needs one) for its version. Raises `AsteriskVersionError`."""
    try:
        said = shell.run([*command, "-V"])
    except StepError as error:
        raise AsteriskVersionError(f"this Asterisk does not start: {error}") from error
    return parse(said)


def require(version: Version, where: str) -> Version:
    """Refuse an Asterisk older than `OLDEST`; `where` names it for the reader."""
    if version < OLDEST:
        raise AsteriskVersionError(
            f"{where} is Asterisk {version}; {OLDEST} or newer is needed (older ones have known security holes in ARI)",
            remedy=(
                "install a newer Asterisk and name it with asterisk.binary, or leave that setting empty to use the one `make` unpacks",
            ),
        )
    return version


def _without_epoch(text: str) -> str:
    return re.sub(r"^\s*\d+:", "", text)
