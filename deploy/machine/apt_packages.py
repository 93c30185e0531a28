"""Debian packages that the set-up needs from the machine itself: only those whose programs are missing are installed."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.machine import shell
from deploy.machine.errors import CommandFailed, PersonNeeded

INSTALL = (
    "apt-get",
    "install",
    "--yes",
    "--no-install-recommends",
    "--option",
    "DPkg::Lock::Timeout=120",
    "--option",
    "Acquire::Retries=3",
)
UPDATE = ("apt-get", "update", "--quiet", "--option", "Acquire::Retries=3")


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A Debian package and how to see that what it brings is there, from wherever it came."""

    name: str
    present: Callable[[], bool]


def _program(name: str) -> Callable[[], bool]:
    return lambda: shutil.which(name) is not None


def _venv_present() -> bool:
    return importlib.util.find_spec("ensurepip") is not None and importlib.util.find_spec("venv") is not None


#: `python3 -m venv` with pip; Debian cuts it out of its Python. Named after the interpreter in use.
VENV = Package(name=f"python3.{sys.version_info.minor}-venv", present=_venv_present)
#: Speaks the placeholder prompts.
ESPEAK = Package(name="espeak-ng", present=_program("espeak-ng"))
#: Brings prompts to the telephone band and an even volume; measures tones.
SOX = Package(name="sox", present=_program("sox"))
#: SIPp, which plays callers in the tests, with its recorded key presses.
SIPP = Package(
    name="sip-tester",
    present=lambda: shutil.which("sipp") is not None and Path("/usr/share/sip-tester/dtmf_2833_5.pcap").is_file(),
)
#: The browser of the desk's tests. No Korean fonts with it: the pages bring their own.
CHROMIUM = Package(name="chromium", present=_program("chromium"))


def missing(packages: Iterable[Package]) -> list[str]:
    """Names of the packages that are not there."""
    return [package.name for package in packages if not package.present()]


def install(names: Sequence[str]) -> None:
    """Install packages as root or through sudo. Raises `PersonNeeded` with the command to run when neither is possible."""
    by_hand = f"run: sudo apt-get install --no-install-recommends {' '.join(names)}"
    if shutil.which("apt-get") is None:
        raise PersonNeeded(
            f"these programs are missing: {', '.join(names)} (Debian's package names)",
            remedy=("install them with this system's package manager, then run the same command again",),
        )
    become_root = root_prefix()
    if become_root is None:
        raise PersonNeeded(
            f"{len(names)} Debian package(s) are missing and neither root nor sudo is at hand: {', '.join(names)}",
            remedy=(by_hand, "then run the same command again"),
        )
    environment = {"DEBIAN_FRONTEND": "noninteractive"}
    command = [*become_root, *INSTALL, *names]
    try:
        shell.run(command, environment=environment)
    except CommandFailed:
        # No package lists yet, or outdated ones. A broken third-party source must not stop us: the install decides.
        shell.succeeds([*become_root, *UPDATE])
        shell.run(command, environment=environment, remedy=(by_hand, "then run the same command again"))


def root_prefix() -> list[str] | None:
    """What to put before a command so that root runs it: nothing, sudo, or None when neither is possible.

    sudo drops most of the environment, so what apt needs is passed by `env`.
    """
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") is None:
        return None
    through = ["env", "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C.UTF-8"]
    if shell.succeeds(["sudo", "-n", "true"]):
        return ["sudo", "-n", *through]
    # sudo asks for the password on the terminal itself, not on standard input.
    return ["sudo", *through] if sys.stdin.isatty() and sys.stderr.isatty() else None
