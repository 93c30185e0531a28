"""Settings: what an operator is told when something is wrong with them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core import settings_file
from core.errors import SettingsError


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings of the machine, no file of the current folder."""
    monkeypatch.chdir(tmp_path)
    for name in dict(os.environ):
        if name.startswith(settings_file.PREFIX):
            monkeypatch.delenv(name)


def problems(text: str, name: str = "annyeong120.toml") -> list[str]:
    """What is said about this file."""
    Path(name).write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as refused:
        settings_file.load(Path(name))
    return list(refused.value.problems)


def test_without_a_file_the_defaults_hold() -> None:
    """The embedded default needs no settings at all."""
    settings = settings_file.load()
    assert (settings.worker.http_port, settings.embedded_database, settings.embedded_asterisk) == (8120, True, True)


def test_the_file_of_the_current_folder_is_read() -> None:
    """Under its usual name, also with a byte order mark."""
    Path("annyeong120.toml").write_text("\ufeff[worker]\nhttp_port = 9000\n", encoding="utf-8")
    assert settings_file.load().worker.http_port == 9000


def test_the_environment_names_the_file_and_wins_over_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Environment, then file, then default, key by key."""
    Path("other.toml").write_text('[worker]\nname = "w7"\nhttp_port = 9000\n', encoding="utf-8")
    monkeypatch.setenv("ANNYEONG120_SETTINGS", "other.toml")
    monkeypatch.setenv("ANNYEONG120_WORKER__HTTP_PORT", "9001")
    settings = settings_file.load()
    assert (settings.worker.name, settings.worker.http_port, settings.worker.http_bind) == ("w7", 9001, "127.0.0.1")


def test_one_call_does_not_leak_into_the_next() -> None:
    """The file's values are for one load only."""
    Path("other.toml").write_text("[worker]\nhttp_port = 9000\n", encoding="utf-8")
    settings_file.load(Path("other.toml"))
    assert settings_file.load().worker.http_port == 8120


def test_an_empty_path_means_none() -> None:
    """As the comments in the settings say."""
    Path("annyeong120.toml").write_text('[secrets]\nnumber_keys_file = ""\n', encoding="utf-8")
    assert settings_file.load().secrets.number_keys_file is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            '[worker]\n\nhttp_port = "abc"\n',
            'annyeong120.toml line 3: worker.http_port = "abc": must be a whole number between 1 and 65535',
        ),
        ("[worker]\nhttp_port = 0\n", "annyeong120.toml line 2: worker.http_port = 0: must be a whole number between 1 and 65535"),
        ("[worker]\nhttp_port = 1.5\n", "annyeong120.toml line 2: worker.http_port = 1.5: must be a whole number between 1 and 65535"),
        ("worker.http_port = 70000\n", "annyeong120.toml line 1: worker.http_port = 70000: must be a whole number between 1 and 65535"),
        ("worker = { http_port = [] }\n", "annyeong120.toml line 1: worker.http_port = a list: must be a whole number between 1 and 65535"),
        ("[worker]\nhttp_prot = 1\n", "annyeong120.toml line 2: worker.http_prot: there is no such setting; did you mean http_port?"),
        ("[wroker]\nname = 1\n", "annyeong120.toml line 1: wroker: there is no such setting; did you mean worker?"),
        ("[log]\nzzz = 1\n", "annyeong120.toml line 2: log.zzz: there is no such setting; allowed here: format, level"),
        (
            '[log]\nlevel = "loud"\n',
            'annyeong120.toml line 2: log.level = "loud": must be one of "debug", "info", "warning", "error"',
        ),
        ("[line]\nwrapup_s = -1\n", "annyeong120.toml line 2: line.wrapup_s = -1: must be a number between 0 and 3600"),
        ("[line]\nring_timeout_s = 0\n", "annyeong120.toml line 2: line.ring_timeout_s = 0: must be a number above 0 and of at most 3600"),
        ("data_dir = 5\n", "annyeong120.toml line 1: data_dir = 5: must be a path in quotation marks"),
        ("worker = 5\n", "annyeong120.toml line 1: worker = 5: must be a table, like [name] with key = value lines"),
        ("trunks = 5\n", "annyeong120.toml line 1: trunks = 5: must be a list, like [ … ]"),
        (
            '[entry]\nmenu_numbers = ["12a"]\n',
            "annyeong120.toml line 2: entry.menu_numbers = a list: '12a' is not a dialled number: digits only",
        ),
        (
            '[[trunks]]\nname = "a"\naddresses = ["10.0.0.1"]\n[[trunks]]\nname = "b"\naddresses = [\n  "10.0.0.1",\n  "nonsense",\n]\n',
            "annyeong120.toml line 6: trunks[2].addresses[2] = \"nonsense\": 'nonsense' does not appear to be an IPv4 or IPv6 network",
        ),
        (
            '[[trunks]]\nname = "a"\n',
            "annyeong120.toml line 1: trunks[1].addresses is missing: must be a list, like [ … ], with at least 1 in it",
        ),
        (
            "[asterisk]\nrtp_first_port = 10000\nrtp_last_port = 10001\n",
            "annyeong120.toml line 1: asterisk = a table: rtp_last_port must be at least 15 above rtp_first_port",
        ),
    ],
)
def test_a_wrong_value_is_named_with_key_line_and_what_is_allowed(text: str, expected: str) -> None:
    """One readable line; the operator need not know Python."""
    assert problems(text) == [expected]


def test_every_problem_is_told_at_once() -> None:
    """Nobody has to start the program five times to find five typos."""
    assert len(problems('[worker]\nhttp_port = "a"\nnaem = 1\n[log]\nlevel = 1\n[lien]\n')) == 4


def test_a_key_that_is_not_one_of_the_menu_names_its_line() -> None:
    """Keys of a free table are checked too: 5 is ours."""
    (problem,) = problems('[entry.dasan]\n1 = "PJSIP/a@b"\n5 = "PJSIP/x@y"\n')
    assert problem.startswith("annyeong120.toml line 3: entry.dasan.5")


def test_secret_values_are_not_shown() -> None:
    """The error may end in a log or a ticket."""
    said = problems("[database]\nurl = 12345\n[[asterisk.nodes]]\nurl = 'http://x'\npassword = 777\n")
    assert len(said) == 2
    assert not any("12345" in line or "777" in line for line in said)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a = 1\nb = abc\n", 'annyeong120.toml line 2: invalid value; a text needs quotation marks: b = "abc"'),
        ("[worker\n", "annyeong120.toml line 1: "),
        ("[worker]\nname = 'a'\nname = 'b'\n", "annyeong120.toml line 3: "),
        ("x = [1,\n", "annyeong120.toml line "),
        ("= 5\n", "annyeong120.toml line 1: "),
    ],
)
def test_broken_toml_names_the_line(text: str, expected: str) -> None:
    """With a hint for the most common mistake."""
    (problem,) = problems(text)
    assert problem.startswith(expected)


def test_a_file_that_is_not_utf_8_names_the_line() -> None:
    """A Korean name saved in the old encoding."""
    Path("annyeong120.toml").write_bytes(b"[worker]\n# \xb0\xa1\n")
    with pytest.raises(SettingsError, match=r"annyeong120.toml line 2: the file must be UTF-8"):
        settings_file.load()


def test_a_named_file_that_is_missing_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the usual name may be absent."""
    with pytest.raises(SettingsError, match=r"nope.toml: there is no such"):
        settings_file.load(Path("nope.toml"))
    monkeypatch.setenv("ANNYEONG120_SETTINGS", "nope.toml")
    with pytest.raises(SettingsError, match=r"ANNYEONG120_SETTINGS names it"):
        settings_file.load()
    with pytest.raises(SettingsError, match="can't be read"):
        settings_file.load(Path())


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        (
            "ANNYEONG120_WORKER__HTTP_PORT",
            "abc",
            'environment variable ANNYEONG120_WORKER__HTTP_PORT: worker.http_port = "abc": must be a whole number between 1 and 65535',
        ),
        (
            "ANNYEONG120_WORKER__HTTP_PROT",
            "1",
            "environment variable ANNYEONG120_WORKER__HTTP_PROT: worker.http_prot: there is no such setting; did you mean http_port?",
        ),
        (
            "ANNYEONG120_WROKER__HTTP_PORT",
            "1",
            "environment variable ANNYEONG120_WROKER__HTTP_PORT: there is no such setting; did you mean ANNYEONG120_WORKER__…?",
        ),
        (
            "ANNYEONG120_DATADIR",
            "x",
            "environment variable ANNYEONG120_DATADIR: there is no such setting; did you mean ANNYEONG120_DATA_DIR?",
        ),
        (
            "ANNYEONG120_TRUNKS",
            "[{",
            "environment variable ANNYEONG120_TRUNKS: must be JSON, e.g. ANNYEONG120_TRUNKS='[…]' for a list or '{…}' for a table",
        ),
        (
            "ANNYEONG120_TRUNKS",
            '[{"name": "a"}]',
            "environment variable ANNYEONG120_TRUNKS: trunks[1].addresses is missing: must be a list, like [ … ], with at least 1 in it",
        ),
    ],
)
def test_a_wrong_variable_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str, expected: str) -> None:
    """A misspelt variable would otherwise mean the default."""
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as refused:
        settings_file.load()
    assert refused.value.problems == (expected,)


@pytest.mark.parametrize("name", ["ANNYEONG120_CACHE", "ANNYEONG120_ASTERISK_TREE", "ANNYEONG120_SOMETHING_ELSE"])
def test_variables_of_other_tools_are_left_alone(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """The set-up has variables of its own."""
    monkeypatch.setenv(name, "x")
    settings_file.load()
