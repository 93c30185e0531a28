from __future__ import annotations

import os

import pytest

from deploy.machine import apt_packages
from deploy.machine.apt_packages import Package, install, missing, root_prefix
from deploy.machine.errors import CommandFailed, PersonNeeded
from deploy.machine.steps import DEMO, FULL
from tests.unit.machine.conftest import FakeCommand


@pytest.fixture
def ordinary_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not root, whoever runs the tests."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)


@pytest.fixture
def root(monkeypatch: pytest.MonkeyPatch) -> None:
    """Root, whoever runs the tests."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)


def test_only_what_is_not_there_is_missing() -> None:
    """A program from elsewhere counts as there."""
    packages = [Package(name="here", present=lambda: True), Package(name="gone", present=lambda: False)]
    assert missing(packages) == ["gone"]


@pytest.mark.usefixtures("ordinary_user")
def test_without_root_and_sudo_the_command_to_run_is_named(only_fakes: FakeCommand) -> None:
    """Nothing is tried; a person with the permission can copy one line."""
    calls = only_fakes("apt-get", "exit 0")
    with pytest.raises(PersonNeeded, match="neither root nor sudo") as refusal:
        install(["sox", "espeak-ng"])
    assert refusal.value.remedy[0] == "run: sudo apt-get install --no-install-recommends sox espeak-ng"
    assert refusal.value.exit_code == 2
    assert not calls.read_text()


def test_without_apt_the_programs_are_named(only_fakes: FakeCommand) -> None:
    """On another distribution its own package manager has them."""
    del only_fakes
    with pytest.raises(PersonNeeded, match="sox"):
        install(["sox"])


@pytest.mark.usefixtures("ordinary_user")
def test_sudo_without_password_is_used(fake_command: FakeCommand) -> None:
    """The usual state of a cloud machine and of CI."""
    calls = fake_command("sudo", "exit 0")
    install(["sox"])
    assert calls.read_text().splitlines()[-1].endswith("--option Acquire::Retries=3 sox")
    assert "DEBIAN_FRONTEND=noninteractive" in calls.read_text()


@pytest.mark.usefixtures("ordinary_user")
def test_sudo_that_asks_is_not_used_without_a_terminal(fake_command: FakeCommand, monkeypatch: pytest.MonkeyPatch) -> None:
    """A password prompt that nobody sees would hang for ever."""
    fake_command("sudo", "exit 1")
    monkeypatch.setattr("sys.stdin", open(os.devnull))  # noqa: SIM115, PTH123 -- lives as long as the test
    assert root_prefix() is None


@pytest.mark.usefixtures("root")
def test_lists_are_fetched_only_when_the_install_fails(fake_command: FakeCommand) -> None:
    """Fresh lists cost seconds; a machine that has them needs none."""
    calls = fake_command("apt-get", "exit 0")
    install(["sox"])
    assert [line.split()[0] for line in calls.read_text().splitlines()] == ["install"]


@pytest.mark.usefixtures("root")
def test_missing_lists_are_fetched_once(fake_command: FakeCommand) -> None:
    """A bare image has none: install, update, install."""
    calls = fake_command("apt-get", '[ "$(wc -l < "$0.calls")" -ne 1 ]')
    install(["sox"])
    assert [line.split()[0] for line in calls.read_text().splitlines()] == ["install", "update", "install"]


@pytest.mark.usefixtures("root")
def test_failed_install_keeps_apts_own_words(fake_command: FakeCommand) -> None:
    """What apt said last, and the command to run by hand."""
    fake_command("apt-get", "echo 'E: Unable to locate package sox'; exit 100")
    with pytest.raises(CommandFailed) as failure:
        install(["sox"])
    assert failure.value.tail == ("E: Unable to locate package sox",)
    assert failure.value.remedy[0].startswith("run: sudo apt-get install")


def test_only_development_needs_a_browser_and_a_caller() -> None:
    """The demo stays small: no Chromium, no SIPp."""
    names = {profile: {package.name for package in profile.packages} for profile in (DEMO, FULL)}
    assert names[FULL] - names[DEMO] == {"chromium", "sip-tester"}


def test_venv_package_is_named_after_the_running_python() -> None:
    """Debian splits `venv` per version."""
    assert apt_packages.VENV.name.startswith("python3.")
