"""Where the demonstration runs."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.settings import Settings
from helpline.demo.place import choose
from helpline.demo.ports import Ports
from helpline.embedded.folders import Folders
from helpline.embedded.supervisor import only_one
from tests.kit.ports import free_port


@pytest.fixture
def ports() -> Iterator[Ports]:
    """A source of ports of this test's own."""
    source = Ports()
    yield source
    source.close()


def settings(folder: Path, **changes: object) -> Settings:
    """Settings with free ports, unless changed."""
    values: dict[str, object] = {"asterisk": {"sip_port": free_port(), "http_port": free_port()}, "worker": {"http_port": free_port()}}
    return Settings(data_dir=folder, **{**values, **changes})  # type: ignore[arg-type]


def test_free_ports_are_kept_and_taken_ones_replaced(tmp_path: Path, ports: Ports) -> None:
    """Only the port that somebody holds is moved, and said."""
    wanted = settings(tmp_path)
    assert not choose(wanted, ports).moved
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
        holder.bind(("127.0.0.1", wanted.asterisk.sip_port))
        place = choose(wanted, ports)
    assert len(place.moved) == 1
    assert place.environment["ANNYEONG120_ASTERISK__SIP_PORT"] != str(wanted.asterisk.sip_port)
    assert place.environment["ANNYEONG120_ASTERISK__HTTP_PORT"] == str(wanted.asterisk.http_port)
    assert "ANNYEONG120_ASTERISK__RTP_FIRST_PORT" in place.environment


def test_it_never_uses_the_real_data_or_database(tmp_path: Path, ports: Ports) -> None:
    """A folder of its own below the data folder, the embedded database, the loopback as the only trunk."""
    place = choose(settings(tmp_path, database={"url": "postgresql://real"}), ports)
    environment = place.environment
    assert environment["ANNYEONG120_DATA_DIR"] == str(tmp_path / "demo")
    assert environment["ANNYEONG120_DATABASE__URL"] == ""
    assert environment["ANNYEONG120_ASTERISK__NODES"] == "[]"
    assert environment["ANNYEONG120_PROMPTS__FOLDER"] == str(tmp_path / "prompts")
    assert environment["ANNYEONG120_ASTERISK__SIP_BIND"] == "127.0.0.1"
    assert json.loads(environment["ANNYEONG120_TRUNKS"]) == [{"name": "demo", "addresses": ["127.0.0.0/8"]}]


def test_another_machine_may_call_when_it_is_named(tmp_path: Path, ports: Ports) -> None:
    """Then SIP listens everywhere, and only that address joins the trunk."""
    environment = choose(settings(tmp_path), ports, callers=["192.0.2.7"]).environment
    assert environment["ANNYEONG120_ASTERISK__SIP_BIND"] == "0.0.0.0"
    assert json.loads(environment["ANNYEONG120_TRUNKS"])[0]["addresses"] == ["127.0.0.0/8", "192.0.2.7"]


def test_a_second_demonstration_gets_its_own_folder(tmp_path: Path, ports: Ports) -> None:
    """While the first one holds its folder."""
    first = Folders.of(tmp_path / "demo")
    first.make()
    with only_one(first):
        assert choose(settings(tmp_path), ports).environment["ANNYEONG120_DATA_DIR"] == str(tmp_path / "demo-2")
    assert choose(settings(tmp_path), ports).environment["ANNYEONG120_DATA_DIR"] == str(tmp_path / "demo")
