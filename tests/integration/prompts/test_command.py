"""`annyeong120 prompts` as a user runs it."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from helpline.commands import application
from ivr.prompts.texts import load
from tests.integration.prompts.conftest import Complete

RUNNER = CliRunner()


@pytest.fixture(autouse=True)
def _settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A folder without a settings file."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ANNYEONG120_SETTINGS", raising=False)


def test_check_of_a_good_folder_succeeds_and_counts_placeholders(complete: Complete) -> None:
    """Exit code 0."""
    result = RUNNER.invoke(application(), ["prompts", "check", "--folder", str(complete.folder)])
    assert result.exit_code == 0, result.output
    assert f"{len(complete.texts)} of the prompts are placeholders" in result.output


def test_strict_check_names_each_placeholder(complete: Complete) -> None:
    """Exit code 1, one line each: what a release to real callers asks for."""
    result = RUNNER.invoke(application(), ["prompts", "check", "--strict", "--folder", str(complete.folder)])
    assert result.exit_code == 1
    assert len(result.output.splitlines()) == len(complete.texts)


def test_check_of_an_empty_folder_says_what_to_do(tmp_path: Path) -> None:
    """One line, exit code 1."""
    result = RUNNER.invoke(application(), ["prompts", "check", "--folder", str(tmp_path)])
    assert result.exit_code == 1
    assert "annyeong120 prompts build" in result.output


def test_build_of_what_is_built_reports_it_unchanged(complete: Complete) -> None:
    """And how many placeholders there are."""
    result = RUNNER.invoke(application(), ["prompts", "build", "--folder", str(complete.folder)])
    assert result.exit_code == 0, result.output
    assert f"0 built, {len(complete.report.built)} unchanged" in result.output
    assert "docs/prompts.md" in result.output


def test_list_prints_the_script_for_a_studio() -> None:
    """Every Korean text with its hash, as CSV and as JSON."""
    texts = [prompt for prompt in load() if prompt.language == "ko"]
    as_csv = RUNNER.invoke(application(), ["prompts", "list", "--language", "ko", "--format", "csv"]).output
    rows = list(csv.DictReader(as_csv.splitlines()))
    assert [(row["id"], row["text"], row["text_hash"]) for row in rows] == [(prompt.id, prompt.text, prompt.text_hash) for prompt in texts]
    as_json = RUNNER.invoke(application(), ["prompts", "list", "--format", "json"]).output
    assert {row["language"] for row in json.loads(as_json)} == {"ko", "en"}
    assert "greeting" in RUNNER.invoke(application(), ["prompts", "list"]).output


def test_unknown_engine_in_the_environment_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With the nearest name."""
    monkeypatch.setenv("ANNYEONG120_PROMPTS__ENGINE", "espeak")
    result = RUNNER.invoke(application(), ["prompts", "build", "--folder", str(tmp_path / "out")])
    assert result.exit_code != 0
    assert "did you mean 'espeak-ng'" in str(result.exception)
