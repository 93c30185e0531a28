"""Where the demonstration runs: a data folder of its own and free ports, so that it never touches a real installation beside it.

Everything is said by environment variables, because the program is a process of its own and learns its settings from them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.settings import Settings
from helpline.demo.ports import Ports, is_free
from helpline.embedded.folders import Folders
from helpline.embedded.supervisor import AlreadyUp, only_one

#: The simulated caller's address. The whole loopback counts as the demonstration's trunk: any softphone of this machine may call.
CALLER_ADDRESS = "127.0.0.2"
TRUNK_ADDRESSES = ("127.0.0.0/8",)
#: Extension of the phone that stands for every emergency partner: a demonstration calls no police.
TEST_PARTNER = "190"
#: Every loopback address can be bound on Linux; SIP listens here unless the settings say otherwise.
_LOOPBACK = "127.0.0.1"
_RTP_PORTS = 200
#: A second demonstration beside the first gets a folder of its own, and so on.
_MOST_AT_ONCE = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What the demonstration changes in the settings."""

    environment: Mapping[str, str]
    #: Ports that were taken and are replaced, for people: `SIP 5060 -> 21000`.
    moved: tuple[str, ...]


def choose(settings: Settings, ports: Ports, *, callers: Sequence[str] = ()) -> Place:
    """Choose folder and ports. `callers`: further addresses that may call, from other machines; then SIP listens on every address."""
    asterisk, moved = settings.asterisk, []
    wanted = {
        "ANNYEONG120_ASTERISK__SIP_PORT": ("SIP", asterisk.sip_port),
        "ANNYEONG120_ASTERISK__HTTP_PORT": ("ARI", asterisk.http_port),
        "ANNYEONG120_WORKER__HTTP_PORT": ("HTTP", settings.worker.http_port),
        "ANNYEONG120_DESK__HTTP_PORT": ("desk", settings.desk.http_port),
    }
    environment = {}
    for variable, (name, port) in wanted.items():
        chosen = port if is_free(port) else ports.one()
        if chosen != port:
            moved.append(f"{name} {port} → {chosen}")
        environment[variable] = str(chosen)
    if moved:
        # Somebody else's Asterisk is here, and has its own range for sound.
        first = ports.range(_RTP_PORTS)
        environment["ANNYEONG120_ASTERISK__RTP_FIRST_PORT"] = str(first)
        environment["ANNYEONG120_ASTERISK__RTP_LAST_PORT"] = str(first + _RTP_PORTS - 1)
    trunks = [{"name": "demo", "addresses": [*TRUNK_ADDRESSES, *callers]}]
    environment |= {
        "ANNYEONG120_DATA_DIR": str(_folder(settings)),
        "ANNYEONG120_PROMPTS__FOLDER": str(settings.prompts_folder),
        # Embedded, whatever the settings say: a demonstration does not write into a real database.
        "ANNYEONG120_DATABASE__URL": "",
        "ANNYEONG120_ASTERISK__NODES": "[]",
        "ANNYEONG120_ASTERISK__SIP_BIND": "0.0.0.0" if callers else _LOOPBACK,  # noqa: S104 - asked for by `callers`
        "ANNYEONG120_TRUNKS": json.dumps(trunks),
        "ANNYEONG120_ESCALATION__TEST_TARGET": f"PJSIP/{TEST_PARTNER}",
        # The next call may come at once.
        "ANNYEONG120_LINE__WRAPUP_S": "5",
    }
    return Place(environment=environment, moved=tuple(moved))


def _folder(settings: Settings) -> str:
    root = settings.data_dir.absolute()
    for number in range(1, _MOST_AT_ONCE + 1):
        folders = Folders.of(root / ("demo" if number == 1 else f"demo-{number}"))
        folders.make()
        try:
            with only_one(folders):
                return str(folders.root)
        except AlreadyUp:
            continue
    raise AlreadyUp(f"시연이 이미 {_MOST_AT_ONCE}개 실행 중입니다. / {_MOST_AT_ONCE} demonstrations are running already.")
