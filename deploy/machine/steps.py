"""The steps that make a checkout ready, and which command needs which."""

from __future__ import annotations

import os
import platform
import sys
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.machine import apt_packages, asterisk_tree, shell
from deploy.machine.apt_packages import Package
from deploy.machine.asterisk_version import require, version_of
from deploy.machine.errors import PersonNeeded
from deploy.machine.progress import Progress, Step
from deploy.machine.stamps import digest
from deploy.machine.virtualenv import Virtualenv
from deploy.machine.web import Web


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What one command needs of the machine."""

    packages: tuple[Package, ...]
    requirements: str


DEMO = Profile(packages=(apt_packages.VENV, apt_packages.ESPEAK, apt_packages.SOX), requirements="phones")
FULL = Profile(packages=(*DEMO.packages, apt_packages.SIPP, apt_packages.CHROMIUM), requirements="dev")


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """A checkout of the project on this machine."""

    root: Path
    cache: Path

    @property
    def venv(self) -> Virtualenv:
        """Its virtual environment."""
        return Virtualenv(repository=self.root)

    @property
    def web(self) -> Web:
        """The desk's pages."""
        return Web(self.venv, self.cache)

    @property
    def prompts(self) -> Path:
        """Where its prompts are built: the default settings' folder."""
        return self.root / "var" / "prompts"


Action = Callable[[Step], None]


class Setup:
    """The steps for one checkout and one profile. Each does only what is missing and may be repeated at any time."""

    def __init__(self, checkout: Checkout, profile: Profile) -> None:
        self._checkout = checkout
        self._venv = checkout.venv
        self._profile = profile

    def program_steps(self) -> list[tuple[str, Action]]:
        """Up to a program that can be started."""
        return [
            ("파이썬 / Python", self.python),
            ("시스템 패키지 / system packages", self.packages),
            ("파이썬 꾸러미 / Python packages", self.environment),
            ("프로그램 설치 / the program itself", self.project),
        ]

    def all_steps(self) -> list[tuple[str, Action]]:
        """Up to a helpline that can take calls."""
        return [*self.program_steps(), ("아스테리스크 / Asterisk", self.asterisk), self.prompts_step(), self.web_step()]

    def prompts_step(self) -> tuple[str, Action]:
        """The voice prompts alone."""
        return ("안내 음성 / voice prompts", self.prompts)

    def web_step(self) -> tuple[str, Action]:
        """The desk's pages alone."""
        return ("화면 / the desk's pages", self.web)

    def python(self, step: Step) -> None:
        """Say which Python works here; `__main__` has refused an old one."""
        step.detail = f"{platform.python_version()} ({sys.executable})"

    def packages(self, step: Step) -> None:
        """Install missing Debian packages."""
        if names := apt_packages.missing(self._profile.packages):
            step.work(", ".join(names))
            apt_packages.install(names)

    def environment(self, step: Step) -> None:
        """Make `.venv` and fill it from the pinned requirements."""
        if not self._venv.works():
            step.work()
            self._venv.create()
        if not self._venv.has(self._profile.requirements):
            step.work()
            self._venv.install(self._profile.requirements)

    def project(self, step: Step) -> None:
        """Install this checkout as the program."""
        if not self._venv.has_project():
            step.work()
            self._venv.install_project()

    def asterisk(self, step: Step) -> None:
        """Check the Asterisk that the settings name, or fetch one."""
        if own := own_asterisk(self._checkout.root):
            step.detail = f"{require(version_of([str(own)]), str(own))} ({own})"
            return
        step.detail = str(asterisk_tree.ensure(self._checkout.cache, begin=step.work).version)

    def prompts(self, step: Step) -> None:
        """Build the prompts whose texts, engine or recordings changed."""
        value = digest([self._checkout.root / "ivr" / "prompts"], str(self._checkout.prompts))
        if self._venv.stamps.holds("prompts", value) and self._checkout.prompts.is_dir():
            return
        step.work()
        build = [str(self._venv.program("annyeong120")), "prompts", "build", "--folder", str(self._checkout.prompts)]
        shell.run(build, cwd=self._checkout.root)
        self._venv.stamps.set("prompts", value)

    def web(self, step: Step) -> None:
        """Build the desk's pages when what they are made from has changed."""
        self._checkout.web.build(step.work)


def run_steps(progress: Progress, steps: Sequence[tuple[str, Action]]) -> None:
    """Do steps one after another, a line each. The first failure ends it."""
    for title, action in steps:
        with progress.step(title) as step:
            action(step)


def own_asterisk(root: Path, environment: Mapping[str, str] | None = None) -> Path | None:
    """The setting `asterisk.binary`, read without the program's own settings, which are not installed yet. Raises `PersonNeeded`."""
    values = os.environ if environment is None else environment
    if binary := values.get("ANNYEONG120_ASTERISK__BINARY"):
        return Path(binary)
    file = root / values.get("ANNYEONG120_SETTINGS", "annyeong120.toml")
    try:
        section = tomllib.loads(file.read_text(encoding="utf-8")).get("asterisk", {})
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise PersonNeeded(f"{file} cannot be read: {error}", remedy=("correct it, then run the same command again",)) from error
    binary = section.get("binary") if isinstance(section, dict) else None
    return Path(binary) if binary else None
