"""Compiles pyproject.toml into the pinned files of deploy/requirements: hashes for every platform, no registry's address.

Each file is complete in itself; a larger one starts from the smaller one's pins, so that all agree.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from deploy.machine import shell
from deploy.machine.errors import StepError
from deploy.machine.progress import Progress
from deploy.machine.virtualenv import Virtualenv

#: Name, what it is for, options. Smallest first.
FILES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("base", "what the running program needs", ()),
    ("phones", "base, the demo's softphone library, and what the editable install needs", ("--extra=phones", "--build-deps-for=editable")),
    ("dev", "phones, and what tests and development need", ("--extra=dev", "--build-deps-for=editable")),
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
        for name, purpose, options in FILES:
            with progress.step(f"고정 목록 / pins of {name}") as step:
                step.work()
                work = Path(folder) / f"{name}.txt"
                # Pins of the file itself come first in what pip-compile keeps; the smaller file's must win.
                source = smaller or target / f"{name}.txt"
                if source.is_file():
                    shutil.copy(source, work)
                command = [str(venv.program("pip-compile")), *_OPTIONS, *options, *arguments, "pyproject.toml", "--output-file", str(work)]
                shell.run(command, cwd=venv.repository, environment=environment)
                text = f"# Made by `make requirements` from pyproject.toml: {purpose}.\n" + _without_header(
                    work.read_text(encoding="utf-8")
                )
                if found := _FORBIDDEN.search(text):
                    raise StepError(f"{name}.txt would carry an address, an option or a path: {found.group().strip()!r}")
                partial = target / f".{name}.partial"
                partial.write_text(text, encoding="utf-8")
                partial.replace(target / f"{name}.txt")
                smaller = work


def _without_header(text: str) -> str:
    lines = text.splitlines(keepends=True)
    while lines and lines[0].startswith("#"):
        lines.pop(0)
    return "".join(lines)
