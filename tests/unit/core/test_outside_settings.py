"""Settings of outside calls: what an operator is told when something is wrong with them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core import settings_file
from core.errors import SettingsError

TRUNK = '[[trunks]]\nname = "out"\naddresses = ["203.0.113.9"]\noutbound_uri = "sip:203.0.113.9:5060"\n'


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings of the machine, no file of the current folder."""
    monkeypatch.chdir(tmp_path)
    for name in dict(os.environ):
        if name.startswith(settings_file.PREFIX):
            monkeypatch.delenv(name)


def problem(text: str) -> str:
    """What is said about this file."""
    Path("annyeong120.toml").write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as refused:
        settings_file.load()
    assert len(refused.value.problems) == 1, refused.value.problems
    return refused.value.problems[0]


def test_a_standby_list_with_its_trunk_and_allow_list_is_taken() -> None:
    """In any usual form of writing."""
    text = f'{TRUNK}[overflow]\ntrunk = "out"\nallowed = ["010*", "1577XXXX"]\nstandby = ["010-1234-5678"]\npartner = "1577-0199"\n'
    Path("annyeong120.toml").write_text(text, encoding="utf-8")
    overflow = settings_file.load().overflow
    assert (overflow.standby, overflow.partner, overflow.ring_s) == (["010-1234-5678"], "1577-0199", 20.0)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            f'{TRUNK}[overflow]\ntrunk = "out"\nallowed = ["010*"]\nstandby = ["010-1234-5678", "02-345-6789"]\n',
            'line 8: overflow.standby = a list: "02-345-6789" is not on the allow-list: overflow.allowed must have a pattern for it',
        ),
        (f'{TRUNK}[overflow]\ntrunk = "out"\nstandby = ["010-1234-5678"]\n', '"010-1234-5678" is not on the allow-list'),
        (f'{TRUNK}[overflow]\ntrunk = "out"\nallowed = ["010*"]\nstandby = ["somebody"]\n', '"somebody" is not a telephone number'),
        (f'{TRUNK}[overflow]\ntrunk = "out"\nallowed = ["010*"]\npartner = "060-700-1234"\n', "is not on the allow-list"),
        (f'{TRUNK}[overflow]\ntrunk = "out"\nallowed = ["0*"]\n', "overflow.allowed[1]"),
        ('[overflow]\nallowed = ["010*"]\nstandby = ["01012345678"]\n', "need overflow.trunk"),
        ('[overflow]\ntrunk = "out"\n', '"out" is not the name of one of the trunks (there is none)'),
        (f'{TRUNK}[overflow]\ntrunk = "aut"\n', '"aut" is not the name of one of the trunks ("out")'),
        ('[[trunks]]\nname = "in"\naddresses = ["203.0.113.9"]\n[callbacks]\ntrunk = "in"\n', 'the trunk "in" only receives'),
        ('[callbacks]\nallowed = ["060*"]\n', "060 numbers charge by the minute"),
        ("[overflow]\nring_s = 1\n", "overflow.ring_s = 1: must be a number between 5 and 120"),
        ("[callbacks]\nask_s = 1\n", "callbacks.ask_s = 1: must be a number between 5 and 120"),
        ("[overflow]\nmax_rounds = 0\n", "overflow.max_rounds = 0: must be a whole number between 1 and 20"),
    ],
)
def test_what_can_not_be_dialled_is_refused_at_the_start(text: str, says: str) -> None:
    """Named, with the reason: not found out when somebody waits."""
    assert says in problem(text)
