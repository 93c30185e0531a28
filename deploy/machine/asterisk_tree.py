"""Asterisk from Debian's packages, unpacked into a cache folder and run in place: no root, no container, no system service.

`ensure` fetches and unpacks it (about half a minute), `find_tree` finds what is there, `command` starts it. Reasons and alternatives:
docs/decisions/0005-asterisk-from-debian-packages.md.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.machine.asterisk_version import OLDEST, AsteriskVersionError, Version, parse, require, version_of
from deploy.machine.errors import StepError
from deploy.machine.private_apt import NoMirror, PrivateApt, machine_sites, unpack

#: Debian's aliases, so that the recipe outlives release names. Unstable only where testing has no recent Asterisk.
SUITES = ("testing", "unstable")
MANIFEST = "annyeong120.json"
OWN_ASTERISK = "or name an Asterisk of your own: asterisk.binary in annyeong120.toml, or ANNYEONG120_ASTERISK__BINARY=/path/to/asterisk"
_PROGRAM = "usr/sbin/asterisk"
#: Of whatever architecture: `x86_64-linux-gnu/ld-linux-x86-64.so.2`, `aarch64-linux-gnu/ld-linux-aarch64.so.1`.
_LOADER = "usr/lib/*/ld-linux*.so.*"
#: Comes along as dependencies of maintainer scripts that we never run.
_UNNEEDED = ("usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/info", "usr/share/lintian", "usr/share/bash-completion",
             "usr/share/perl", "usr/share/perl5", "usr/lib/*/perl", "usr/lib/*/perl-base", "usr/bin")  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """An unpacked Asterisk. All paths are absolute."""

    root: Path
    version: Version
    #: The tree's own dynamic loader: its libc is newer than the machine's.
    loader: Path
    library_path: tuple[Path, ...]
    program: Path
    #: For `astmoddir`.
    modules: Path
    #: For `astdatadir`; read-only, documentation and standard sounds.
    data: Path


def cache_folder(environment: Mapping[str, str] | None = None) -> Path:
    """`$ANNYEONG120_CACHE`, or `annyeong120` in the user's cache folder."""
    values = os.environ if environment is None else environment
    if own := values.get("ANNYEONG120_CACHE"):
        return Path(own).absolute()
    base = values.get("XDG_CACHE_HOME") or Path(values.get("HOME") or Path.home()) / ".cache"
    return Path(base).absolute() / "annyeong120"


def find_tree(cache: Path) -> Tree | None:
    """The newest complete Asterisk in `cache`, or None. Looks at files only, starts nothing."""
    folder = cache / "asterisk"
    trees = [tree for manifest in folder.glob(f"[0-9]*/{MANIFEST}") if (tree := _described(manifest.parent))]
    fit = [tree for tree in trees if tree.version >= OLDEST]
    return max(fit, key=lambda tree: tree.version, default=None)


def command(tree: Tree) -> list[str]:
    """The first words of a command line that runs this Asterisk; append its options."""
    return [str(tree.loader), "--library-path", ":".join(map(str, tree.library_path)), str(tree.program)]


def ensure(cache: Path, *, sites: Callable[[], list[str]] = machine_sites, begin: Callable[[], None] = lambda: None) -> Tree:
    """Find the tree or fetch it. Calls `begin` before real work starts.

    Raises `StepError` with a remedy when the machine's mirror has no recent Asterisk. Safe to interrupt: downloads go on where they
    were, the finished folder appears by one rename.
    """
    if tree := find_tree(cache):
        return tree
    folder = cache / "asterisk"
    _make_folder(folder)
    begin()
    with _alone(folder / ".lock"):
        if tree := find_tree(cache):
            return tree  # another process has just made it
        apt, version = choose(sites(), folder / ".download")
        tree = _unpack(apt.download("asterisk"), folder, version)
        shutil.rmtree(apt.folder, ignore_errors=True)
        return tree


def choose(sites: Sequence[str], folder: Path) -> tuple[PrivateApt, Version]:
    """The first suite that offers an Asterisk recent enough. Raises `StepError` with what each offered and what to do."""
    findings = []
    for site in sites:
        for suite in SUITES:
            apt = PrivateApt(folder=folder, site=site, suite=suite)
            try:
                apt.update()
            except NoMirror as error:
                findings.append(str(error))
                continue
            offered = apt.candidate("asterisk")
            if offered and (version := parse(offered)) >= OLDEST:
                return apt, version
            findings.append(f"Debian's {suite} offers Asterisk {offered}" if offered else f"Debian's {suite} has no asterisk package")
    raise StepError(
        f"no Asterisk {OLDEST} or newer to be had: {'; '.join(findings)}",
        remedy=("check the network and run the same command again", OWN_ASTERISK),
    )


def _unpack(packages: Sequence[Path], folder: Path, version: Version) -> Tree:
    work = folder / ".unpacked"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    with ThreadPoolExecutor(max_workers=2) as pool:
        list(pool.map(lambda package: unpack(package, work), packages))
    for pattern in _UNNEEDED:
        for path in work.glob(pattern):
            shutil.rmtree(path, ignore_errors=True)
    versions = {name: version for name, version, *_ in (path.name.replace("%3a", ":").split("_") for path in packages)}
    manifest = {"version": str(version), "packages": dict(sorted(versions.items()))}
    (work / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    if (tree := _described(work)) is None:
        raise StepError("the unpacked packages hold no complete Asterisk", remedy=(OWN_ASTERISK,))
    try:
        require(version_of(command(tree)), "the unpacked Asterisk")
    except AsteriskVersionError as error:
        raise StepError(str(error), remedy=(OWN_ASTERISK,)) from error
    final = folder / str(version)
    shutil.rmtree(final, ignore_errors=True)
    work.replace(final)
    return _tree(final, version)


def _described(root: Path) -> Tree | None:
    try:
        version = parse(json.loads((root / MANIFEST).read_text(encoding="utf-8"))["version"])
    except (OSError, ValueError, KeyError, TypeError, AsteriskVersionError):
        return None
    return _tree(root, version) if (root / _PROGRAM).is_file() and any(root.glob(_LOADER)) else None


def _tree(root: Path, version: Version) -> Tree:
    loader = min(root.glob(_LOADER))
    libraries = loader.parent
    return Tree(
        root=root,
        version=version,
        loader=loader,
        library_path=(libraries, libraries / "asterisk"),
        program=root / _PROGRAM,
        modules=libraries / "asterisk" / "modules",
        data=root / "usr/share/asterisk",
    )


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StepError(
            f"the cache folder {folder} cannot be made: {error.strerror}",
            remedy=("name a folder you may write to: ANNYEONG120_CACHE=/path make …",),
        ) from error


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    with lock.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
