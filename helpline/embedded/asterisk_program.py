"""Which Asterisk program to run: the operator's own, or the tree that `make` unpacked."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from core.errors import AnnyeongError
from core.settings import Settings
from deploy.machine import asterisk_tree
from deploy.machine.asterisk_version import require, version_of
from deploy.machine.errors import StepError

#: Names an unpacked tree, for tests and for those who keep it elsewhere.
TREE_VARIABLE = "ANNYEONG120_ASTERISK_TREE"


class AsteriskProgramError(AnnyeongError):
    """There is no Asterisk that could be run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AsteriskProgram:
    """An Asterisk on this machine."""

    #: The command without arguments; several words where it brings its own C library.
    command: tuple[str, ...]
    modules: Path
    data: Path

    def check(self) -> str:
        """Its version, if it is new enough. Raises AsteriskProgramError with a sentence that says what to do."""
        try:
            return str(require(version_of(self.command), self.command[-1]))
        except StepError as error:
            raise AsteriskProgramError(_sentence(error)) from error


def find(settings: Settings) -> AsteriskProgram:
    """The program for the embedded mode. Raises AsteriskProgramError if there is none."""
    if settings.asterisk.binary is not None:
        return _own(settings.asterisk.binary)
    if named := os.environ.get(TREE_VARIABLE):
        return _from_tree(Path(named))
    tree = asterisk_tree.find_tree(asterisk_tree.cache_folder())
    if tree is None:
        raise AsteriskProgramError("no Asterisk yet: run `make setup` to unpack one, or name your own in asterisk.binary")
    return AsteriskProgram(command=tuple(asterisk_tree.command(tree)), modules=tree.modules, data=tree.data)


def _from_tree(tree: Path) -> AsteriskProgram:
    """An unpacked Debian tree, run with the tree's own C library."""
    program = tree / "usr/sbin/asterisk"
    loader = next(iter(sorted(tree.glob("usr/lib/*/ld-linux*.so.*"))), None)
    if loader is None or not program.exists():
        raise AsteriskProgramError(f"{TREE_VARIABLE}: {tree} holds no Asterisk")
    libraries = loader.parent
    return AsteriskProgram(
        command=(str(loader), "--library-path", f"{libraries}:{libraries / 'asterisk'}", str(program)),
        modules=libraries / "asterisk/modules",
        data=tree / "usr/share/asterisk",
    )


def _own(binary: Path) -> AsteriskProgram:
    if not os.access(binary, os.X_OK):
        raise AsteriskProgramError(f"asterisk.binary: {binary} is not a program that can be run")
    prefix = binary.absolute().parent.parent
    bases = (prefix, Path("/usr"), Path("/usr/local"))
    found = [path for base in bases for path in (*base.glob("lib*/*-linux-gnu/asterisk/modules"), *base.glob("lib*/asterisk/modules"))]
    modules = next((path for path in found if (path / "res_pjsip.so").exists()), None)
    if modules is None:
        raise AsteriskProgramError(f"asterisk.binary: no modules (res_pjsip.so) found for {binary}")
    candidates = (prefix / "share/asterisk", Path("/usr/share/asterisk"), Path("/var/lib/asterisk"), prefix / "var/lib/asterisk")
    data = next((path for path in candidates if (path / "rest-api").is_dir()), candidates[0])
    return AsteriskProgram(command=(str(binary),), modules=modules, data=data)


def _sentence(error: StepError) -> str:
    remedy = getattr(error, "remedy", ())
    return ". ".join((str(error), *remedy))
