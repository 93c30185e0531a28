from __future__ import annotations

import json
from pathlib import Path

import pytest

from deploy.machine import asterisk_tree
from deploy.machine.asterisk_tree import cache_folder, choose, command, ensure, find_tree
from deploy.machine.errors import PersonNeeded, StepError
from deploy.machine.private_apt import NoMirror, machine_sites, sites_in
from tests.unit.machine.conftest import FakeCommand

SITE = "mirror://somewhere/debian/"
#: Answers per suite, as apt would: the suite is read from the private sources.list beside the configuration file.
APT = """
folder="$(dirname "$(echo "$*" | sed 's/.*--config-file \\([^ ]*\\).*/\\1/')")"
suite="$(sed 's/.* \\([a-z]*\\) main/\\1/' "$folder/sources.list")"
"""


def make_tree(cache: Path, version: str, *, triplet: str = "x86_64-linux-gnu", loader: str = "ld-linux-x86-64.so.2") -> Path:
    """Files of an unpacked Asterisk, all empty."""
    root = cache / "asterisk" / version
    for name in (f"usr/lib/{triplet}/{loader}", "usr/sbin/asterisk"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    (root / asterisk_tree.MANIFEST).write_text(json.dumps({"version": version, "packages": {}}))
    return root


def test_newest_tree_of_the_cache_is_found(tmp_path: Path) -> None:
    """22.10 comes after 22.9 although its name sorts before."""
    make_tree(tmp_path, "22.10.1")
    newest = make_tree(tmp_path, "22.11.0")
    tree = find_tree(tmp_path)
    assert tree is not None
    assert tree.root == newest


def test_tree_older_than_the_floor_is_not_used(tmp_path: Path) -> None:
    """A tree that an earlier version of this program fetched may be too old for this one."""
    make_tree(tmp_path, "22.9.0")
    assert find_tree(tmp_path) is None


def test_unfinished_tree_is_not_used(tmp_path: Path) -> None:
    """Without its manifest, or without its program, a folder is a rest of an interruption."""
    (make_tree(tmp_path, "22.10.1") / asterisk_tree.MANIFEST).unlink()
    (make_tree(tmp_path, "22.10.2") / "usr/sbin/asterisk").unlink()
    (make_tree(tmp_path, "22.10.3") / asterisk_tree.MANIFEST).write_text("{")
    assert find_tree(tmp_path) is None


def test_tree_of_another_architecture_brings_its_own_loader(tmp_path: Path) -> None:
    """On arm64 the loader and the folder of libraries have other names."""
    root = make_tree(tmp_path, "22.10.1", triplet="aarch64-linux-gnu", loader="ld-linux-aarch64.so.1")
    tree = find_tree(tmp_path)
    assert tree is not None
    libraries = root / "usr/lib/aarch64-linux-gnu"
    assert command(tree) == [
        str(libraries / "ld-linux-aarch64.so.1"),
        "--library-path",
        f"{libraries}:{libraries / 'asterisk'}",
        str(root / "usr/sbin/asterisk"),
    ]
    assert tree.modules == libraries / "asterisk/modules"


def test_existing_tree_needs_no_mirror(tmp_path: Path) -> None:
    """The second run asks nobody."""
    make_tree(tmp_path, "22.10.1")

    def no_sites() -> list[str]:
        raise AssertionError

    assert str(ensure(tmp_path, sites=no_sites).version) == "22.10.1"


def test_cache_follows_the_usual_variables(tmp_path: Path) -> None:
    """Our own variable, then XDG's, then the home folder."""
    home = {"HOME": str(tmp_path)}
    assert cache_folder(home) == tmp_path / ".cache/annyeong120"
    assert cache_folder({**home, "XDG_CACHE_HOME": "/x"}) == Path("/x/annyeong120")
    assert cache_folder({**home, "XDG_CACHE_HOME": "/x", "ANNYEONG120_CACHE": "/own"}) == Path("/own")


def test_unusable_cache_folder_says_which_variable_helps(tmp_path: Path) -> None:
    """A home folder may be read-only."""
    (tmp_path / "asterisk").write_text("a file in the way")
    with pytest.raises(StepError, match="cannot be made") as failure:
        ensure(tmp_path, sites=lambda: [SITE])
    assert "ANNYEONG120_CACHE" in failure.value.remedy[0]


def test_testing_is_preferred_when_recent_enough(tmp_path: Path, fake_command: FakeCommand) -> None:
    """Unstable is not even asked then."""
    updates = fake_command("apt-get", "exit 0")
    fake_command("apt-cache", f"{APT}\necho '  Candidate: 1:22.10.1+dfsg-1'")
    apt, version = choose([SITE], tmp_path / "apt")
    assert (apt.suite, str(version)) == ("testing", "22.10.1")
    assert len(updates.read_text().splitlines()) == 1


def test_unstable_is_taken_where_testing_is_too_old(tmp_path: Path, fake_command: FakeCommand) -> None:
    """A package may be held back from testing for months."""
    fake_command("apt-get", "exit 0")
    fake_command("apt-cache", f"{APT}\n[ $suite = unstable ] && echo '  Candidate: 1:22.11.0-1' || echo '  Candidate: 1:22.9.0-1'")
    apt, version = choose([SITE], tmp_path / "apt")
    assert (apt.suite, str(version)) == ("unstable", "22.11.0")


def test_unstable_is_taken_where_the_mirror_has_no_testing(tmp_path: Path, fake_command: FakeCommand) -> None:
    """A partial mirror answers 404 for a suite."""
    fake_command("apt-get", f"{APT}\n[ $suite = unstable ] || {{ echo 'E: The repository does not have a Release file.'; exit 100; }}")
    fake_command("apt-cache", "echo '  Candidate: 1:22.10.1-1'")
    assert choose([SITE], tmp_path / "apt")[0].suite == "unstable"


def test_too_old_everywhere_says_what_was_offered_and_what_to_do(tmp_path: Path, fake_command: FakeCommand) -> None:
    """One sentence with both suites, and the setting for an Asterisk of one's own."""
    fake_command("apt-get", "exit 0")
    fake_command("apt-cache", f"{APT}\n[ $suite = unstable ] && echo '  Candidate: 1:22.9.0-1' || echo '  Candidate: (none)'")
    with pytest.raises(StepError, match=r"testing has no asterisk package; Debian's unstable offers Asterisk 1:22\.9\.0-1") as failure:
        choose([SITE], tmp_path / "apt")
    assert any("asterisk.binary" in line for line in failure.value.remedy)


def test_unknown_signing_key_says_which_package_to_update(tmp_path: Path, fake_command: FakeCommand) -> None:
    """An old machine does not know the key of a new suite."""
    fake_command("apt-get", "echo 'W: GPG error: NO_PUBKEY 0123'; exit 100")
    with pytest.raises(PersonNeeded) as failure:
        choose([SITE], tmp_path / "apt")
    assert "debian-archive-keyring" in failure.value.remedy[0]


def test_archive_is_debians_own_and_not_a_third_partys() -> None:
    """Security updates, Debian's update suites and other vendors' archives are no place for another suite."""
    known = [
        "m://a/debian|bookworm|Debian",
        "m://a/debian/|bookworm-updates|Debian",
        "m://s/|bookworm-security|Debian",
        "m://v/|bookworm|Vendor",
    ]
    assert sites_in(known, []) == ["m://a/debian/"]


def test_archive_is_found_on_a_machine_that_never_updated() -> None:
    """Without package lists only the addresses of the release files are known."""
    configured = [
        "'m://a/debian/dists/bookworm/InRelease' m_a_debian 0 ",
        "'m://s/debian-security/dists/bookworm-security/InRelease' m_s 0 ",
        "'m://a/debian/dists/bookworm/main/binary-amd64/Packages.xz' m_p 0 ",
    ]
    assert sites_in([], configured) == ["m://a/debian/"]


def test_machine_without_apt_says_so(only_fakes: FakeCommand) -> None:
    """Another distribution can still run the program with an Asterisk of its own."""
    del only_fakes
    with pytest.raises(NoMirror, match="no apt"):
        machine_sites()
