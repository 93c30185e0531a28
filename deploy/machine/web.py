"""The desk's pages: `desk/web` built into `desk/web/dist` with the packages that its lock file pins."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from deploy.machine import node
from deploy.machine.errors import StepError
from deploy.machine.node import Node
from deploy.machine.stamps import Stamps, digest
from deploy.machine.virtualenv import Virtualenv

_AGAIN = ("check the network and run the same command again",)
#: What the packages follow from.
_LOCK = ("package.json", "package-lock.json", ".npmrc")
#: Beside the sources, and no part of what is built.
_NOT_BUILT = ("node_modules", "dist", "tests")


class Web:
    """The pages of one checkout."""

    def __init__(self, venv: Virtualenv, cache: Path) -> None:
        self._venv = venv
        self._cache = cache
        self.folder = venv.repository / "desk" / "web"

    def built(self) -> bool:
        """Whether the pages are there and nothing they are made from has changed. Needs no Node.js."""
        return self._venv.stamps.holds("web", self._sources()) and (self.folder / "dist" / "index.html").is_file()

    def build(self, begin: Callable[[str], None]) -> None:
        """Build them if they are not; `begin` hears what is used before real work starts. Raises `StepError`."""
        if self.built():
            return
        begin("")
        tool = self.node()
        begin(str(tool))
        self.packages(tool)
        self._venv.stamps.clear("web")
        before = self._sources()
        tool.run_npm(["run", "build"], folder=self.folder)
        # A build that did not do its work must not be remembered as one.
        if not (self.folder / "dist" / "index.html").is_file():
            raise StepError("the build of the pages left no desk/web/dist/index.html")
        self._venv.stamps.set("web", before)

    def run(self, script: str) -> None:
        """Run a script of package.json, its whole output kept in the error. Raises `StepError`."""
        tool = self.node()
        self.packages(tool)
        tool.run_npm(["run", script], folder=self.folder, tail=None)

    def node(self) -> Node:
        """The machine's Node.js or the wheel's. Raises `StepError`."""
        return node.find_node() or node.ensure_wheel(self._venv, self._cache)

    def packages(self, tool: Node) -> None:
        """Install what the lock file pins, unless exactly that is there. No package may run a script of its own."""
        # Inside the folder that npm empties when it begins: an interrupted or a hand-made installation has no note.
        stamps = Stamps(self.folder / "node_modules" / ".annyeong120")
        value = digest([self.folder / name for name in _LOCK])
        if not stamps.holds("packages", value):
            tool.run_npm(["ci", "--ignore-scripts"], folder=self.folder, remedy=_AGAIN)
            stamps.set("packages", value)

    def _sources(self) -> str:
        return digest(path for path in self.folder.iterdir() if path.name not in _NOT_BUILT) if self.folder.is_dir() else ""
