from __future__ import annotations

from pathlib import Path

import pytest

from deploy.machine.errors import CommandFailed, StepError
from deploy.machine.virtualenv import Virtualenv
from deploy.machine.web import Web
from tests.unit.machine.conftest import FakeCommand

#: npm as far as it concerns us: `ci` empties and fills node_modules, `run build` makes the page.
NPM = """
case "$1 $2" in
ci*) rm -rf node_modules; mkdir node_modules ;;
"run build") mkdir -p dist; cp index.html dist/ ;;
"run check") echo 'found something'; exit 1 ;;
esac
"""


class Said:
    """What a build announced before it began."""

    def __init__(self) -> None:
        self.words: list[str] = []

    def __call__(self, detail: str) -> None:
        self.words.append(detail)


@pytest.fixture
def web(tmp_path: Path) -> Web:
    """A checkout's pages, never built."""
    web = Web(Virtualenv(repository=tmp_path / "checkout"), tmp_path / "cache")
    (web.folder / "src").mkdir(parents=True)
    for name in ("package.json", "package-lock.json", "index.html", "src/main.ts"):
        (web.folder / name).write_text(name)
    return web


@pytest.fixture
def npm(fake_command: FakeCommand) -> Path:
    """The calls of an npm that works."""
    fake_command("node", "echo v22.12.3")
    return fake_command("npm", NPM)


def calls(npm: Path) -> list[str]:
    """What npm was asked for."""
    return npm.read_text().splitlines()


def test_pages_are_built_once(web: Web, npm: Path) -> None:
    """The second time nothing is started, and the step says `ready`."""
    said = Said()
    web.build(said)
    assert said.words == ["", "Node.js 22.12.3"]
    web.build(said)
    assert calls(npm) == ["ci --ignore-scripts", "run build"]
    assert len(said.words) == 2


def test_built_pages_need_no_node(web: Web, npm: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is built is built, whatever happened to the tool."""
    web.build(Said())
    monkeypatch.setenv("PATH", str(web.folder))
    web.build(Said())
    assert len(calls(npm)) == 2


@pytest.mark.parametrize("name", ["index.html", "src/main.ts"])
def test_changed_source_is_built_with_the_same_packages(web: Web, npm: Path, name: str) -> None:
    """A changed page must not fetch anything."""
    web.build(Said())
    (web.folder / name).write_text("changed")
    web.build(Said())
    assert calls(npm) == ["ci --ignore-scripts", "run build", "run build"]


def test_changed_lock_fetches_and_builds(web: Web, npm: Path) -> None:
    """Other packages, another page."""
    web.build(Said())
    (web.folder / "package-lock.json").write_text("changed")
    web.build(Said())
    assert calls(npm) == ["ci --ignore-scripts", "run build"] * 2


def test_changed_test_builds_nothing(web: Web, npm: Path) -> None:
    """The pages' own tests are no part of them."""
    web.build(Said())
    (web.folder / "tests").mkdir()
    (web.folder / "tests" / "a.test.ts").write_text("new")
    web.build(Said())
    assert len(calls(npm)) == 2


def test_removed_pages_are_built_again(web: Web, npm: Path) -> None:
    """The note alone is no page."""
    web.build(Said())
    (web.folder / "dist" / "index.html").unlink()
    assert not web.built()
    web.build(Said())
    assert calls(npm)[-1] == "run build"


def test_build_that_fails_is_not_remembered(web: Web, npm: Path) -> None:
    """The half-made folder of an interrupted build must not be shown."""
    web.build(Said())
    (web.folder / "src" / "main.ts").write_text("broken")
    good = npm.with_name("npm").read_text()
    npm.with_name("npm").write_text("#!/bin/sh\necho 'unresolved import'\nexit 1\n")
    with pytest.raises(CommandFailed) as failure:
        web.build(Said())
    assert failure.value.tail == ("unresolved import",)
    npm.with_name("npm").write_text(good)
    assert not web.built()
    web.build(Said())
    assert web.built()


def test_build_that_leaves_nothing_is_a_failure(web: Web, npm: Path) -> None:
    """A wrong output folder in the bundler's settings."""
    npm.with_name("npm").write_text("#!/bin/sh\nmkdir -p node_modules\n")
    with pytest.raises(StepError, match=r"left no desk/web/dist/index\.html"):
        web.build(Said())


def test_interrupted_installation_is_done_again(web: Web, npm: Path) -> None:
    """npm empties the folder first, and our note goes with it."""
    web.build(Said())
    (web.folder / "node_modules" / ".annyeong120" / "packages").unlink()
    with pytest.raises(CommandFailed):
        web.run("check")
    assert calls(npm)[2:] == ["ci --ignore-scripts", "run check"]


def test_script_keeps_everything_it_said_in_its_error(web: Web, npm: Path) -> None:
    """A finding far above the last line is a finding."""
    del npm
    with pytest.raises(CommandFailed) as failure:
        web.run("check")
    assert failure.value.tail == ("found something",)
