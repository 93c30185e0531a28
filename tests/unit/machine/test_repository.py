"""Rules that hold for every tracked file."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PACKAGES = ("core", "shifts", "care", "routing", "escalation", "ivr", "desk", "helpline", "deploy")
#: Registries, mirrors and the options that name one. The escaped dots keep this file from finding itself.
REGISTRY = re.compile(
    r"(?:deb|snapshot|security)\.debian\.|pypi\.(?:org|python)|pythonhosted\.|registry\.npmjs|nodesource\.|--(?:extra-)?index[-]url|--find[-]links[ =]/"
)
#: Folders of one developer's machine.
MACHINE_PATH = re.compile(r"(?<![\w.$}*])/(?:home|root|work|Users|tmp)/\w")
LONGEST = 400
SOURCES = {".py", ".toml", ".j2", ".ts", ".svelte", ".css"}


def _files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, check=False, text=True
    )
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file() and not path.is_symlink()]


def _texts() -> list[tuple[str, str]]:
    return [(str(path.relative_to(ROOT)), content.decode()) for path in _files() if b"\0" not in (content := path.read_bytes())]


def _found(pattern: re.Pattern[str]) -> list[str]:
    return [f"{name}: {found.group()}" for name, text in _texts() for found in pattern.finditer(text)]


def test_no_file_names_a_registry_or_mirror() -> None:
    """Everybody installs from the registries that their own machine is set up for."""
    assert _found(REGISTRY) == []


def test_no_file_names_a_folder_of_one_machine() -> None:
    """What works here only is not finished."""
    assert _found(MACHINE_PATH) == []


def test_pinned_requirements_are_names_versions_and_hashes_only() -> None:
    """No option line, no address, no path; every package has a hash."""
    for file in sorted((ROOT / "deploy" / "requirements").glob("*.txt")):
        lines = [line for line in file.read_text(encoding="utf-8").splitlines() if line and not line.lstrip().startswith("#")]
        odd = [
            line for line in lines if not re.fullmatch(r"[a-z0-9.-]+==[\w.!+-]+(?: ; .+)? \\|    --hash=sha256:[0-9a-f]{64}(?: \\)?", line)
        ]
        assert (file.name, odd) == (file.name, [])


def test_pinned_requirements_agree_with_each_other() -> None:
    """A smaller file's pins are all in the larger one."""
    pins = {}
    for name in ("base", "phones", "dev"):
        text = (ROOT / "deploy" / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
        pins[name] = set(re.findall(r"^([a-z0-9.-]+==\S+)", text, re.MULTILINE))
    assert pins["base"] < pins["phones"] < pins["dev"]


def test_pinned_requirements_hold_every_dependency() -> None:
    """A dependency added to pyproject.toml needs `make requirements`."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pinned = (ROOT / "deploy" / "requirements" / "dev.txt").read_text(encoding="utf-8")
    names = {re.split(r"[\[>=<~! ;]", line)[0].lower() for line in (*project["dependencies"], *project["optional-dependencies"]["dev"])}
    assert [name for name in sorted(names - {"annyeong120"}) if not re.search(rf"^{re.escape(name)}==", pinned, re.MULTILINE)] == []


def test_documents_use_only_make_targets_that_exist() -> None:
    """A reader copies commands from them."""
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    documents = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    used = {
        (path.name, target)
        for path in documents
        for target in re.findall(r"(?:^|`)make (?:PYTHON=\S+ )?([a-z]+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert sorted(item for item in used if item[1] not in targets) == []


def test_no_shipped_file_is_longer_than_the_house_allows() -> None:
    """Whoever opens a file should be able to read it."""
    shipped = [path for path in _files() if path.relative_to(ROOT).parts[0] in PACKAGES and path.suffix in SOURCES]
    lengths = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in shipped}
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST} == {}


def test_every_package_of_the_pages_is_pinned_by_a_hash_and_names_no_address() -> None:
    """What the browser gets is made with them; an address would be one registry's. None is installed beside what was built."""
    lock = json.loads((ROOT / "desk" / "web" / "package-lock.json").read_text(encoding="utf-8"))
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert [name for name, package in packages.items() if not package.get("integrity", "").startswith("sha512-")] == []
    assert [name for name, package in packages.items() if "resolved" in package] == []
    assert lock["packages"][""].get("dependencies", {}) == {}
