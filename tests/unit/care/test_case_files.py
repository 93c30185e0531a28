"""The operator's files for the desk's rooms: everything that is wrong with any of them is said at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from care.retention import Retention
from core.errors import SettingsError
from core.settings import Settings
from core.settings_care import CareSettings
from core.settings_escalation import EscalationSettings
from helpline import case_files


def wrong(folder: Path) -> Settings:
    """Each file is wrong in another way."""
    (folder / "retention.toml").write_text("[forever]\ndays = 1\n[report]\ndays = 0\nerasable = true\n", "utf-8")
    (folder / "centre.toml").write_text("[due_hours]\nnever = 1\n", "utf-8")
    (folder / "words.toml").write_bytes(b"\xff")
    (folder / "checklists").mkdir()
    (folder / "checklists" / "mine.toml").write_text("id = 7", "utf-8")
    care = CareSettings(
        retention_file=folder / "retention.toml", checklists_folder=folder / "checklists", words_file=folder / "words.toml"
    )  # fmt: skip
    escalation = EscalationSettings(partners_file=folder / "none.toml", centre_rules_file=folder / "centre.toml")
    return Settings(data_dir=folder, care=care, escalation=escalation)


def test_what_comes_with_the_program_is_used_without_files(tmp_path: Path) -> None:
    """And said to be."""
    settings = Settings(data_dir=tmp_path)
    assert set(case_files.load(settings).retention) == set(Retention)
    assert set(case_files.named(settings).values()) == {None}


def test_everything_wrong_with_any_file_is_said_at_once(tmp_path: Path) -> None:
    """Partners, the centre's rules, retention, checklists, words."""
    with pytest.raises(SettingsError) as caught:
        case_files.load(wrong(tmp_path))
    said = "\n".join(caught.value.problems)
    for word in ("none.toml: can't be read", "there is no due_hours.never", "no class forever", "report: days", "mine.toml", "words.toml"):
        assert word in said
    with pytest.raises(SettingsError, match="is not a folder"):
        case_files.load(Settings(data_dir=tmp_path, care=CareSettings(checklists_folder=tmp_path / "nowhere")))


def test_an_operators_files_change_what_they_name(tmp_path: Path) -> None:
    """The rest stays as shipped."""
    file = tmp_path / "retention.toml"
    file.write_text("[report]\ndays = 7\nerasable = false\n", "utf-8")
    settings = Settings(data_dir=tmp_path, care=CareSettings(retention_file=file))
    kept = case_files.load(settings).retention
    assert (kept[Retention.REPORT].keep.days, kept[Retention.COUNSELLING].keep.days) == (7, 1095)
    assert case_files.named(settings)["retention"] == file
