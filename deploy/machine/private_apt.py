"""Debian's apt with folders of its own: reads another suite and downloads packages without root and without touching the machine.

apt gets an empty package status, so it resolves the complete dependency tree down to libc: what it downloads runs beside the machine's
own libraries whatever their age. The mirror is the one that the machine's own apt uses, so its proxies and credentials apply too.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.machine import shell
from deploy.machine.errors import CommandFailed, PersonNeeded, StepError

#: Names under which Debian's main archive appears in a machine's sources; `-security` and the like are other archives.
SUITES = frozenset(
    {"oldoldstable", "oldstable", "stable", "testing", "unstable", "sid"}
    | {"bullseye", "bookworm", "trixie", "forky", "duke"}
)  # fmt: skip
_KEYRINGS = ("debian-archive-keyring.gpg", "debian-archive-keyring.pgp")
_RELEASE_FILE = re.compile(r"^'(?P<site>[^']+?)/*/dists/(?P<suite>[^'/]+)/(?:In)?Release'")
_KEY_TROUBLE = re.compile(r"NO_PUBKEY|EXPKEYSIG|not signed|couldn't be verified", re.IGNORECASE)


class NoMirror(StepError):
    """The machine's apt sources name no Debian archive, or its archive does not have what is needed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateApt:
    """apt working on one suite of one archive inside `folder`."""

    folder: Path
    site: str
    suite: str

    @property
    def archives(self) -> Path:
        """Where finished packages lie; unfinished ones wait in `partial/` below and are continued."""
        return self.folder / "cache" / "archives"

    def update(self) -> None:
        """Fetch the package lists. Raises `NoMirror` when the archive has no such suite or cannot be reached."""
        self._write_configuration()
        try:
            self._apt("update")
        except CommandFailed as error:
            said = "\n".join(error.tail)
            if _KEY_TROUBLE.search(said):
                raise PersonNeeded(
                    f"Debian's {self.suite} is signed with a key this machine does not know",
                    remedy=("run: sudo apt-get install --only-upgrade debian-archive-keyring",),
                ) from error
            raise NoMirror(f"Debian's {self.suite} could not be read from this machine's mirror: {_last_error(error)}") from error

    def candidate(self, package: str) -> str | None:
        """The version of `package` that this suite offers, or None."""
        for line in self._run("apt-cache", "policy", package).splitlines():
            key, _, value = line.strip().partition(": ")
            if key == "Candidate":
                return None if value == "(none)" else value
        return None

    def download(self, *packages: str) -> list[Path]:
        """Download `packages` with everything they depend on; goes on with what an earlier attempt left. Returns their files."""
        self._apt("install", "--yes", "--download-only", *packages)
        wanted = self._apt("install", "--yes", "--print-uris", "-o", "Dir::Cache::archives=none/", *packages)
        names = [line.rsplit("' ", 1)[1].split(" ", 1)[0] for line in wanted.splitlines() if line.startswith("'")]
        files = [self.archives / name for name in names]
        if missing := [path.name for path in files if not path.is_file()]:
            raise StepError(f"{len(missing)} packages were not downloaded, {missing[0]} among them", remedy=("run the same command again",))
        return files

    def _apt(self, *arguments: str) -> str:
        return self._run("apt-get", "--quiet", "--option", "Acquire::Retries=3", *arguments)

    def _run(self, program: str, *arguments: str) -> str:
        configuration = self.folder / "apt.conf"
        return shell.run([program, "--config-file", str(configuration), *arguments], environment={"DEBIAN_FRONTEND": "noninteractive"})

    def _write_configuration(self) -> None:
        for name in ("lists/partial", "cache/archives/partial", "empty"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        (self.folder / "status").touch()
        signed = f"[signed-by={keyring}] " if (keyring := _keyring()) else ""
        (self.folder / "sources.list").write_text(f"deb {signed}{self.site} {self.suite} main\n", encoding="utf-8")
        (self.folder / "apt.conf").write_text(self._configuration(), encoding="utf-8")

    def _configuration(self) -> str:
        own = self.folder
        options = {
            "Dir::State": own,
            "Dir::State::lists": own / "lists",
            "Dir::State::status": own / "status",
            "Dir::State::extended_states": own / "extended_states",
            "Dir::Cache": own / "cache",
            "Dir::Cache::archives": own / "cache" / "archives",
            "Dir::Etc::sourcelist": own / "sources.list",
            "Dir::Etc::sourceparts": own / "empty",
            "Dir::Etc::preferences": own / "no-preferences",
            "Dir::Etc::preferencesparts": own / "empty",
            "Dir::Log": own / "log",
            "APT::Install-Recommends": "false",
            "APT::Keep-Downloaded-Packages": "true",
            "Acquire::Languages": "none",
            # A mirror may lag behind; a frozen one is behind for ever.
            "Acquire::Check-Valid-Until": "false",
        }
        if os.geteuid() == 0:
            # apt's own user could not write into a private cache folder.
            options["APT::Sandbox::User"] = "root"
        lines = [f'{key} "{value}";' for key, value in options.items()]
        # Hooks of the machine (some clean its own archive folder) have no business here.
        hooks = ("APT::Update::Pre-Invoke", "APT::Update::Post-Invoke", "APT::Update::Post-Invoke-Success", "DPkg::Post-Invoke")
        return "\n".join([*lines, *(f"#clear {hook};" for hook in hooks)]) + "\n"


def unpack(package: Path, folder: Path) -> None:
    """Unpack one `.deb` into `folder`, running none of its scripts."""
    shell.run(["dpkg-deb", "--extract", str(package), str(folder)])


def machine_sites() -> list[str]:
    """Addresses of the Debian archives that the machine's own apt uses, the most certain first. Raises `NoMirror` when there is none."""
    if not shell.succeeds(["apt-get", "--version"]):
        raise NoMirror("this machine has no apt, so no Asterisk can be fetched here")
    known = shell.run(["apt-get", "indextargets", "--format", "$(REPO_URI)|$(RELEASE)|$(ORIGIN)", "Created-By: Packages"])
    configured = shell.run(["apt-get", "--option", "Debug::NoLocking=1", "update", "--print-uris"])
    sites = sites_in(known.splitlines(), configured.splitlines())
    if not sites:
        raise NoMirror("this machine's apt sources name no Debian archive, so no Asterisk can be fetched here")
    return sites


def sites_in(known: Iterable[str], configured: Iterable[str]) -> list[str]:
    """Choose Debian's main archives among index targets (`address|release|origin`) and, for a machine that never updated, release files."""
    sites: list[str] = []
    for line in known:
        site, release, origin = [*line.split("|"), "", ""][:3]
        if origin == "Debian" and release in SUITES:
            sites.append(site.rstrip("/") + "/")
    for line in configured:
        found = _RELEASE_FILE.match(line)
        if found and found["suite"] in SUITES:
            sites.append(found["site"] + "/")
    return list(dict.fromkeys(site for site in sites if not site.startswith("cdrom:")))


def _keyring(folders: Sequence[Path] = (Path("/usr/share/keyrings"),)) -> Path | None:
    for folder in folders:
        for name in _KEYRINGS:
            if (folder / name).is_file():
                return folder / name
    return None


def _last_error(error: CommandFailed) -> str:
    errors = [line for line in error.tail if line.startswith(("E:", "Err:", "W:"))]
    return errors[-1][:200] if errors else str(error)
