"""The manifest of the prompts folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from ivr.prompts.manifest import NAME, Manifest, read
from tests.unit.prompts.test_catalogue import entry


def test_manifest_reads_back(tmp_path: Path) -> None:
    """Every field."""
    manifest = Manifest({"ko/greeting": entry("a"), "en/greeting": entry("b", placeholder=False, refused="it is silent")})
    manifest.save(tmp_path)
    assert read(tmp_path) == manifest
    assert manifest.placeholders == ["ko/greeting"]


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"version": 99, "prompts": {}}', '{"version": 1, "prompts": {"a": {"x": 1}}}'])
def test_damaged_manifest_counts_as_empty(tmp_path: Path, content: str) -> None:
    """Everything is built again; nothing fails."""
    (tmp_path / NAME).write_text(content, encoding="utf-8")
    assert read(tmp_path).entries == {}


def test_missing_folder_counts_as_empty(tmp_path: Path) -> None:
    """Before the first build."""
    assert read(tmp_path / "nowhere").entries == {}
