"""The project's `.venv`: made, filled from pinned requirements with hashes, and the project itself installed as editable."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from deploy.machine import shell
from deploy.machine.errors import StepError
from deploy.machine.stamps import Stamps, digest

#: Compiling would need compilers that a bare machine does not have; a missing wheel shall be a clear sentence.
_PIP = ("-m", "pip", "--disable-pip-version-check", "--no-input", "--retries", "5")
_REQUIREMENTS = {"phones": ("phones", "dev"), "dev": ("dev",)}
_AGAIN = ("check the network and run the same command again",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Virtualenv:
    """One virtual environment of a checkout."""

    repository: Path

    @property
    def folder(self) -> Path:
        """The environment itself."""
        return self.repository / ".venv"

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.program("python")

    def program(self, name: str) -> Path:
        """A program installed in it."""
        return self.folder / "bin" / name

    @property
    def stamps(self) -> Stamps:
        """What was done inside it; goes away with it."""
        return Stamps(self.folder / "annyeong120-stamps")

    def works(self) -> bool:
        """Whether it has a Python recent enough, with pip. A copied, moved or half-made one does not."""
        check = f"import sys, pip; sys.exit(sys.version_info < (3, 11) or sys.prefix != {str(self.folder)!r})"
        return self.python.is_file() and shell.succeeds([str(self.python), "-I", "-c", check])

    def create(self) -> None:
        """Make it anew, throwing away what was there."""
        shell.run([sys.executable, "-m", "venv", "--clear", str(self.folder)])

    def has(self, requirements: str) -> bool:
        """Whether everything of `deploy/requirements/<requirements>.txt` was installed, by itself or as part of a larger file."""
        return any(self.stamps.holds(name, self._digest(name)) for name in _REQUIREMENTS[requirements])

    def install(self, requirements: str) -> None:
        """Install one requirements file. Raises `StepError`."""
        for name in _REQUIREMENTS:
            self.stamps.clear(name)
        options = ("--require-hashes", "--only-binary=:all:", "--no-compile")  # each module is compiled when it is first used
        self._pip("install", *options, "--requirement", str(self._file(requirements)), remedy=_AGAIN)
        self.stamps.set(requirements, self._digest(requirements))

    def install_beside(self, requirements: Path, folder: Path) -> None:
        """Install one requirements file into a folder outside the environment. Raises `StepError`."""
        options = ("--require-hashes", "--only-binary=:all:", "--no-compile", "--no-deps", "--target", str(folder))
        self._pip("install", *options, "--requirement", str(requirements), remedy=_AGAIN)

    def has_project(self) -> bool:
        """Whether the project is installed as its pyproject.toml now says."""
        return self.stamps.holds("project", self._project()) and self.program("annyeong120").is_file()

    def install_project(self) -> None:
        """Install the project as editable: no dependencies, no index, its build tool is among the requirements."""
        for name in ("README.md", "LICENSE"):
            if not (self.repository / name).is_file():
                raise StepError(f"{name} is missing from the checkout", remedy=("run: git checkout -- " + name,))
        self._pip("install", "--no-deps", "--no-index", "--no-build-isolation", "--editable", str(self.repository))
        self.stamps.set("project", self._project())

    def _pip(self, *arguments: str, remedy: tuple[str, ...] = ()) -> None:
        shell.run([str(self.python), *_PIP, *arguments], environment={"PIP_ROOT_USER_ACTION": "ignore"}, remedy=remedy)

    def _file(self, requirements: str) -> Path:
        return self.repository / "deploy" / "requirements" / f"{requirements}.txt"

    def _digest(self, requirements: str) -> str:
        return digest([self._file(requirements)], str(self.folder))

    def _project(self) -> str:
        return digest([self.repository / "pyproject.toml"], str(self.folder))
