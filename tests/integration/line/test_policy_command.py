"""`annyeong120 policy` as a supervisor uses it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from helpline.commands.policy import _MEANING
from routing.policy import PARAMETERS
from tests.integration.line.conftest import Run


def test_the_table_shows_every_number_with_its_range_and_meaning(run: Run) -> None:
    """In Korean and in English."""
    assert _MEANING.keys() == PARAMETERS.keys()
    shown = run("policy")
    assert shown.exit_code == 0, shown.output
    for name, parameter in PARAMETERS.items():
        assert name in shown.stdout
        assert str(parameter["meaning"]).split()[0] in shown.stdout
    assert "10–86400" in shown.stdout


def test_a_change_is_shown_kept_and_can_be_undone(run: Run) -> None:
    """With who did it and why."""
    assert run("policy", "set", "pause_s=300", "heavy_cap=3", "--by", "김팀장", "--note", "설 연휴 [임시]").exit_code == 0
    assert json.loads(run("policy", "--json").stdout)["pause_s"]["value"] == 300
    shown = run("policy", "history")
    for words in ("김팀장", "설 연휴 [임시]", "pause_s: 600 → 300", "heavy_cap: 2 → 3"):
        assert words in shown.stdout
    undone = run("policy", "undo", "--by", "이팀장", "--json")
    assert json.loads(undone.stdout)["pause_s"] == {"value": 600, **PARAMETERS["pause_s"]}
    newest, first = json.loads(run("policy", "history", "--json").stdout)
    assert (newest["by"], newest["note"]) == ("이팀장", f"undo of #{first['id']}")
    assert first["changes"]["heavy_cap"] == {"from": 2, "to": 3}
    assert len(json.loads(run("policy", "history", "--json", "--limit", "1").stdout)) == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("set", "pause_s=1", "speed=9", "--by", "Kim"), ("pause_s", "speed")),
        (("set", "pause_s", "--by", "Kim"), ("NAME=VALUE",)),
        (("set", "pause_s=20", "pause_s=30", "--by", "Kim"), ("once",)),
        (("set", "pause_s=300", "--by", " "), ("by",)),
        (("undo", "--by", "Kim"), ("undo",)),
    ],
)
def test_a_mistake_is_one_clear_sentence_and_changes_nothing(run: Run, arguments: tuple[str, ...], words: tuple[str, ...]) -> None:
    """On standard error, with exit code 1."""
    result = run("policy", *arguments)
    assert result.exit_code == 1, result.output
    for word in words:
        assert word in result.stderr
    assert "Traceback" not in result.output
    assert "Nothing was ever changed" in run("policy", "history").stdout


def test_without_the_database_it_says_what_to_check(run: Run, settings_file: Path) -> None:
    """In both languages."""
    settings_file.write_text('[database]\nurl = "postgresql://nobody@/none?host=/nonexistent"\n')
    for arguments in (("policy",), ("policy", "set", "pause_s=300", "--by", "Kim"), ("numbers",), ("line", "--once")):
        result = run(*arguments)
        assert result.exit_code == 1
        assert "database.url" in result.stderr
        assert "Traceback" not in result.output
