"""Compiles what is wanted into the pinned files of deploy/requirements: hashes for every platform, no registry's address.

Each file is complete in itself; of those made from pyproject.toml a larger one starts from the smaller one's pins, so that all agree.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.machine import shell
from deploy.machine.errors import StepError
from deploy.machine.progress import Progress
from deploy.machine.virtualenv import Virtualenv

PROJECT = "pyproject.toml"


@dataclass(frozen=True, slots=True)
class Pins:
    """One pinned file."""

    name: str
    #: For its first line.
    purpose: str
    options: tuple[str, ...] = ()
    #: What it is compiled from.
    source: str = PROJECT


#: Smallest first.
FILES: tuple[Pins, ...] = (
    Pins("base", "what the running program needs"),
    Pins(
        "phones", "base, the demo's softphone library, and what the editable install needs", ("--extra=phones", "--build-deps-for=editable")
    ),
    Pins("dev", "phones, and what tests and development need", ("--extra=dev", "--build-deps-for=editable")),
    Pins("node", "builds the desk's pages where the machine has no Node.js", source="deploy/requirements/node.in"),
)
_OPTIONS = ("--quiet", "--generate-hashes", "--allow-unsafe", "--strip-extras", "--no-header", "--resolver=backtracking",
            "--no-emit-index-url", "--no-emit-find-links", "--no-emit-trusted-host")  # fmt: skip
_FORBIDDEN = re.compile(r"://|^\s*--?(?!hash=)[a-z]|(?<![\w./])/(?:\w+/)+", re.MULTILINE)
#: A local mirror or folder of wheels would put its own hashes, and only this machine's platform, into the files.
_LOCAL = ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL", "PIP_NO_INDEX")


def compile_all(progress: Progress, venv: Virtualenv, arguments: Sequence[str]) -> None:
    """Write every file anew, keeping pins unless `arguments` (given to pip-compile) say otherwise."""
    target = venv.repository / "deploy" / "requirements"
    environment = {"PIP_CONFIG_FILE": os.devnull} | {name: "" for name in _LOCAL if name in os.environ}
    with tempfile.TemporaryDirectory() as folder:
        smaller: Path | None = None
        for pins in FILES:
            with progress.step(f"고정 목록 / pins of {pins.name}") as step:
                step.work()
                work = Path(folder) / f"{pins.name}.txt"
                of_project = pins.source == PROJECT
                # Pins of the file itself come first in what pip-compile keeps; the smaller file's must win.
                kept = smaller if of_project and smaller else target / f"{pins.name}.txt"
                if kept.is_file():
                    shutil.copy(kept, work)
                command = [str(venv.program("pip-compile")), *_OPTIONS, *pins.options, *arguments, pins.source, "--output-file", str(work)]
                shell.run(command, cwd=venv.repository, environment=environment)
                text = f"# Made by `make requirements` from {pins.source}: {pins.purpose}.\n" + _without_header(
                    work.read_text(encoding="utf-8")
                )
                if found := _FORBIDDEN.search(text):
                    raise StepError(f"{pins.name}.txt would carry an address, an option or a path: {found.group().strip()!r}")
                partial = target / f".{pins.name}.partial"
                partial.write_text(text, encoding="utf-8")
                partial.replace(target / f"{pins.name}.txt")
                if of_project:
                    smaller = work


def _without_header(text: str) -> str:
    lines = text.splitlines(keepends=True)
    while lines and lines[0].startswith("#"):
        lines.pop(0)
    return "".join(lines)
