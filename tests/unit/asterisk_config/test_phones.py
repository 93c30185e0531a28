"""A phone's account as rows, and the copies Asterisk goes by when the database is away."""

from __future__ import annotations

import hashlib
import sqlite3
import stat
import wave
from pathlib import Path

import pytest

from ivr import music
from ivr.phone_copies import KEYS, RING_MOST, write_dialplan, write_tables
from ivr.phone_rows import REALM, TABLES, ha1, phone_rows, rows_for_digest


def only(*rows: dict[str, str | None]) -> dict[str, list[dict[str, str | None]]]:
    """All tables, these rows in one of them."""
    return {**{name: [] for name in KEYS}, "ps_aors": list(rows)}


def test_an_account_is_three_rows_that_name_each_other() -> None:
    """Endpoint, aor and auth under the extension, all of it text."""
    rows = phone_rows("101", "secret")
    assert tuple(sorted(rows)) == tuple(sorted(TABLES))
    assert all(row["id"] == "101" for row in rows.values())
    assert rows["ps_endpoints"]["aors"] == rows["ps_endpoints"]["auth"] == "101"
    assert all(isinstance(value, str) for row in rows.values() for value in row.values())


def test_the_secret_itself_is_nowhere_in_the_rows() -> None:
    """Only the digest that SIP needs, and that is of use for this realm alone."""
    rows = phone_rows("101", "a-secret")
    assert not any("a-secret" in value for row in rows.values() for value in row.values())
    assert rows["ps_auths"]["md5_cred"] == hashlib.md5(f"101:{REALM}:a-secret".encode(), usedforsecurity=False).hexdigest()
    assert rows_for_digest("101", ha1("101", "a-secret")) == rows


@pytest.mark.parametrize("extension", ["", "1", "012", "123456789", "10a", "101\n", "１０１"])
def test_what_is_no_extension_is_refused(extension: str) -> None:
    """It would end up in a dialplan and in SIP addresses."""
    with pytest.raises(ValueError, match="extension"):
        phone_rows(extension, "secret")


def test_a_counsellors_phone_can_neither_transfer_nor_send_media_past_us() -> None:
    """The caller stays in our hands."""
    endpoint = phone_rows("101", "secret")["ps_endpoints"]
    assert (endpoint["allow_transfer"], endpoint["direct_media"], endpoint["context"]) == ("no", "no", "from-counsellor")


def test_copies_hold_what_the_database_has_without_its_empty_columns(tmp_path: Path) -> None:
    """A NULL handed to Asterisk as an empty word would be a wrong value."""
    path = tmp_path / "phones.sqlite3"
    tables = only({"id": "101", "max_contacts": "1", "mailboxes": None})
    assert write_tables(path, tables)
    with sqlite3.connect(path) as connection:
        cursor = connection.execute("SELECT * FROM ps_aors")
        assert [column[0] for column in cursor.description] == ["id", "max_contacts"]
        assert cursor.fetchall() == [("101", "1")]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_copies_are_written_only_when_something_changed(tmp_path: Path) -> None:
    """Also when a row goes, a column comes, or only the order differs."""
    path = tmp_path / "phones.sqlite3"
    two = only({"id": "101"}, {"id": "102"})
    assert write_tables(path, two)
    assert not write_tables(path, only({"id": "102"}, {"id": "101"}))
    assert write_tables(path, only({"id": "102"}))
    assert write_tables(path, only({"id": "102", "qualify_frequency": "15"}))


def test_a_reader_keeps_reading_while_the_copies_are_written(tmp_path: Path) -> None:
    """Asterisk holds the file open; it must see the new rows through its old handle."""
    path = tmp_path / "phones.sqlite3"
    write_tables(path, only({"id": "101"}))
    with sqlite3.connect(path) as asterisk:
        assert asterisk.execute("SELECT id FROM ps_aors").fetchall() == [("101",)]
        write_tables(path, only({"id": "102"}))
        assert asterisk.execute("SELECT id FROM ps_aors").fetchall() == [("102",)]


def test_the_last_resort_is_one_line_of_sound_extensions(tmp_path: Path) -> None:
    """Sorted, without what is no extension, and not longer than a line may be."""
    assert write_dialplan(tmp_path, ["102", "101", "x,evil"])
    assert (tmp_path / "safety_net.conf").read_text().endswith("SAFETY_NET = PJSIP/101&PJSIP/102\n")
    assert not write_dialplan(tmp_path, ["101", "102"])
    write_dialplan(tmp_path, [str(number) for number in range(1000, 2000)])
    assert (tmp_path / "safety_net.conf").read_text().count("PJSIP/") == RING_MOST


def test_without_recordings_there_is_music_all_the_same(tmp_path: Path) -> None:
    """A tone made here; the recordings as soon as there are some that can be played."""
    recordings, generated = tmp_path / "recordings", tmp_path / "generated"
    assert music.choose(recordings, generated) == generated
    with wave.open(str(next(generated.iterdir()))) as tune:
        assert (tune.getframerate(), tune.getnchannels()) == (8000, 1)
        assert any(tune.readframes(tune.getnframes()))
    recordings.mkdir()
    (recordings / "notes.txt").write_text("no music")
    (recordings / "empty.wav").touch()
    assert music.choose(recordings, generated) == generated
    (recordings / "song.wav").write_bytes(b"RIFF")
    assert music.choose(recordings, generated) == recordings
