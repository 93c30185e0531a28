from __future__ import annotations

from pathlib import Path

from deploy.machine.stamps import Stamps, digest


def test_finished_step_is_remembered_for_the_same_inputs_only(tmp_path: Path) -> None:
    """Another value means another input: the step runs again."""
    stamps = Stamps(tmp_path / "stamps")
    assert not stamps.holds("step", "one")
    stamps.set("step", "one")
    assert stamps.holds("step", "one")
    assert not stamps.holds("step", "two")


def test_cleared_step_is_done_again(tmp_path: Path) -> None:
    """Work that was interrupted after the note was cleared counts as not done."""
    stamps = Stamps(tmp_path)
    stamps.set("step", "one")
    stamps.clear("step")
    assert not stamps.holds("step", "one")


def test_digest_changes_with_a_files_content(tmp_path: Path) -> None:
    """A changed pin installs again."""
    file = tmp_path / "a"
    file.write_text("1")
    before = digest([file])
    file.write_text("2")
    assert digest([file]) != before


def test_digest_changes_when_a_file_in_a_folder_appears_or_goes(tmp_path: Path) -> None:
    """A new prompt text builds again."""
    empty = digest([tmp_path])
    (tmp_path / "a").write_text("1")
    one = digest([tmp_path])
    (tmp_path / "a").unlink()
    assert len({empty, one}) == 2
    assert digest([tmp_path]) == empty


def test_digest_changes_when_a_file_moves_within_a_folder(tmp_path: Path) -> None:
    """Where a page lies is part of what it is."""
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    (tmp_path / "one" / "a").write_text("1")
    before = digest([tmp_path])
    (tmp_path / "one" / "a").rename(tmp_path / "two" / "a")
    assert digest([tmp_path]) != before


def test_digest_ignores_compiled_python(tmp_path: Path) -> None:
    """Running the program must not make its own inputs look changed."""
    before = digest([tmp_path])
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "a.pyc").write_text("1")
    assert digest([tmp_path]) == before


def test_digest_of_a_missing_file_differs_from_an_empty_one(tmp_path: Path) -> None:
    """Nothing there is not the same as nothing in it."""
    missing = digest([tmp_path / "a"])
    (tmp_path / "a").touch()
    assert digest([tmp_path / "a"]) != missing
