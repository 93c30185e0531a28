"""apt itself, reading another suite from the machine's own mirror."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.machine.asterisk_tree import cache_folder, choose, command, find_tree
from deploy.machine.asterisk_version import OLDEST, Version, version_of
from deploy.machine.errors import StepError
from deploy.machine.private_apt import PrivateApt, machine_sites, unpack


@pytest.fixture(scope="module")
def chosen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[PrivateApt, Version]]:
    """The suite that offers Asterisk here; without a network there is nothing to test."""
    try:
        yield choose(machine_sites(), tmp_path_factory.mktemp("apt"))
    except StepError as error:
        pytest.skip(f"no mirror within reach: {error}")


def test_mirror_offers_a_recent_asterisk(chosen: tuple[PrivateApt, Version]) -> None:
    """What `make setup` would fetch today."""
    apt, version = chosen
    assert version >= OLDEST
    assert apt.suite in {"testing", "unstable"}


def test_package_comes_with_its_whole_tree_of_dependencies(chosen: tuple[PrivateApt, Version], tmp_path: Path) -> None:
    """Down to libc, although the machine has one: the empty package status is what makes a tree run anywhere."""
    files = chosen[0].download("libspeexdsp1")
    assert {file.name.split("_")[0] for file in files} >= {"libspeexdsp1", "libc6"}
    for file in files:
        unpack(file, tmp_path)
    assert list(tmp_path.glob("usr/lib/*/libspeexdsp.so.1*"))
    assert list(tmp_path.glob("usr/lib/*/ld-linux*.so.*"))


def test_finished_downloads_are_not_fetched_again(chosen: tuple[PrivateApt, Version]) -> None:
    """An interrupted set-up goes on where it was."""
    apt, _ = chosen
    before = {file: file.stat().st_ino for file in apt.download("libspeexdsp1")}
    assert {file: file.stat().st_ino for file in apt.download("libspeexdsp1")} == before


def test_machines_own_packages_are_untouched(chosen: tuple[PrivateApt, Version]) -> None:
    """The private folders hold everything that apt wrote: nothing is installed, the machine's status is as before."""
    apt, _ = chosen
    assert (apt.folder / "status").read_text() == ""
    policy = subprocess.run(["apt-cache", "policy", "libc6"], capture_output=True, check=True, text=True, timeout=60).stdout
    assert f" {apt.suite}/" not in policy


def test_unpacked_asterisk_runs_in_place() -> None:
    """The tree in the cache answers with its version."""
    tree = find_tree(cache_folder())
    if tree is None:
        pytest.skip("an Asterisk of one's own is in use")
    assert version_of(command(tree)) == tree.version >= OLDEST
