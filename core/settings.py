"""Settings of one installation: a TOML file, overridden by the environment.

Order of precedence: environment (`ANNYEONG120_…`, nested keys joined by `__`), then the file, then the defaults below. The file is
`annyeong120.toml` in the current folder unless `ANNYEONG120_SETTINGS` names another. A key that does not exist is an error: a typo
must never silently mean the default. `core.settings_file` turns such an error into key, line and what is allowed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextvars import ContextVar
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from core import number_pattern
from core.phone import normalise
from core.settings_alarms import AlarmSettings
from core.settings_care import CareSettings
from core.settings_desk import DeskSettings
from core.settings_escalation import EscalationSettings
from core.settings_types import DialString, Name, Network, NumberPattern, OptionalPath, Port, Seconds, Section

#: What the settings file says, while `core.settings_file.load` makes the settings; nothing at other times.
file_values: ContextVar[Mapping[str, object] | None] = ContextVar("file_values", default=None)


_AREAS = (31, 32, 33, 41, 42, 43, 44, 51, 52, 53, 54, 55, 61, 62, 63, 64)
#: Telephones of persons in Korea: mobile, land line, internet, 050X. Not among them: premium (060), short and representative numbers,
#: other countries.
ORDINARY_NUMBERS = ("010*", "011*", "01N*", "02N*", *(f"0{area}N*" for area in _AREAS), "070*", "050*")


class DatabaseSettings(Section):
    """PostgreSQL. An empty `url` means the embedded server under the data folder."""

    url: SecretStr = SecretStr("")
    pool_size: Annotated[int, Field(ge=2, le=100)] = 8
    statement_timeout_s: Seconds = 2.0


class SecretSettings(Section):
    """Where the keys that protect phone numbers live. Created on first use with the embedded default, never elsewhere."""

    #: 32 random bytes, base64, one `id:key` a line; the first encrypts, all decrypt. Empty: `<data_dir>/secrets/number.keys`.
    number_keys_file: OptionalPath = None
    #: Key of the blind index (32 bytes, base64). Empty: `<data_dir>/secrets/index.key`.
    index_key_file: OptionalPath = None


class TrunkSettings(Section):
    """A carrier's SIP trunk, recognised by its source addresses; nobody else is answered."""

    name: Name
    #: Source addresses or networks the carrier sends from.
    addresses: Annotated[list[Network], Field(min_length=1)]
    #: Where calls we make go, e.g. `sip:carrier.example:5060`; empty: this trunk only receives.
    outbound_uri: str = ""
    codecs: list[Literal["alaw", "ulaw", "g722", "opus"]] = ["alaw", "ulaw"]

    @field_validator("name")
    @classmethod
    def _no_extension(cls, value: str) -> str:
        if value.isdigit():
            raise ValueError("a trunk's name needs a letter: digits alone are a counsellor's phone")
        return value


class NodeSettings(Section):
    """An Asterisk that somebody else runs."""

    name: Name = "main"
    #: ARI's base address, e.g. `http://10.0.0.5:8088/ari`. Loopback or a private network only.
    url: str
    username: str = "annyeong120"
    password: SecretStr = SecretStr("")
    password_file: OptionalPath = None
    #: Prefix of our prompts in a media URI as this node sees its disk: an absolute folder or one relative to its sounds.
    prompts: str = "annyeong120"


class AsteriskSettings(Section):
    """The embedded Asterisk, or the nodes of the operator's own."""

    #: Nodes run elsewhere. Empty: one embedded Asterisk named `main`.
    nodes: list[NodeSettings] = []
    #: An Asterisk program of your own for the embedded mode. Empty: the one that `make` unpacked into the cache folder.
    binary: OptionalPath = None
    sip_bind: str = "127.0.0.1"
    sip_port: Port = 5060
    #: HTTP for ARI (and its event WebSocket); loopback or private.
    http_bind: str = "127.0.0.1"
    http_port: Port = 8088
    rtp_first_port: Annotated[int, Field(ge=1024, le=65000)] = 10000
    rtp_last_port: Annotated[int, Field(ge=1024, le=65535)] = 10999
    #: Where counsellors' phones may be. Whoever is neither here nor a trunk is a stranger and is not let past the first line.
    phones_networks: list[Network] = ["127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7"]
    #: How long a call waits for the program to take it before the safety net does; milliseconds.
    claim_timeout_ms: Annotated[int, Field(ge=50, le=5000)] = 500
    #: Address told to phones and trunks behind NAT; empty: as bound.
    external_address: str = ""

    @model_validator(mode="after")
    def _range(self) -> AsteriskSettings:
        if self.rtp_last_port - self.rtp_first_port < 15:
            raise ValueError("rtp_last_port must be at least 15 above rtp_first_port")
        return self


class WorkerSettings(Section):
    """The program that answers calls."""

    #: Together with the node's name it makes the ARI application name; two running workers must differ.
    name: Name = "w1"
    #: Health and metrics.
    http_bind: str = "127.0.0.1"
    http_port: Port = 8120
    #: On SIGTERM: how long what is being connected or stored may take to finish. Calls themselves go on in Asterisk.
    drain_s: Annotated[float, Field(ge=0, le=600)] = 5.0


class EntrySettings(Section):
    """Which dialled numbers enter where."""

    #: Through the 120 menu.
    menu_numbers: list[str] = ["120", "02120"]
    #: Straight to the notices.
    direct_numbers: list[str] = []
    #: The menu's other keys: key -> where the Dasan centre takes that call. A key without a destination counts as a wrong key.
    dasan: dict[Annotated[str, Field(pattern=r"^[0-46-9]$")], DialString] = {}

    @field_validator("menu_numbers", "direct_numbers")
    @classmethod
    def _dialable(cls, value: list[str]) -> list[str]:
        for item in value:
            if not re.fullmatch(r"\+?[0-9*#]{1,20}", item):
                raise ValueError(f"{item!r} is not a dialled number: digits only")
        return value


class LineSettings(Section):
    """How calls are offered to counsellors."""

    ring_timeout_s: Seconds = 20.0
    #: Wrap-up ends by itself after this long; 0: none.
    wrapup_s: Annotated[float, Field(ge=0, le=3600)] = 60.0
    #: A counsellor's leg that ends within this long after answering, or not by hanging up, is a dead phone: the caller is rescued.
    dead_leg_s: Annotated[float, Field(ge=0, le=60)] = 2.0
    #: Wait between two attempts when nobody is available and nothing announces a change.
    retry_s: Seconds = 5.0
    #: What counsellors' phones show as the caller.
    caller_id: str = "외로움안녕 <120>"


class OverflowSettings(Section):
    """Who is called when no counsellor can take a waiting caller: standby numbers, then a partner line. Nothing here: nobody is."""

    #: The trunk these calls leave by: one of `[[trunks]]` with an `outbound_uri`.
    trunk: str = ""
    #: What may be dialled, as patterns (`010*`, `1577XXXX`). A number that fits none of them is refused here, at the start.
    allowed: list[NumberPattern] = []
    #: Telephone numbers of people who are on standby, in the order in which they are tried. They must press 1 to take the call.
    standby: list[str] = []
    #: A line that always answers; connected when it does.
    partner: str = ""
    #: How long each of them rings.
    ring_s: Annotated[float, Field(ge=5, le=120)] = 20.0
    #: How long a standby person who answered has to press 1.
    accept_s: Annotated[float, Field(ge=3, le=120)] = 20.0
    #: How often the whole list is tried for one caller.
    max_rounds: Annotated[int, Field(ge=1, le=20)] = 3
    #: What they see as the caller; empty: as counsellors do.
    caller_id: str = ""

    @field_validator("standby")
    @classmethod
    def _standby_allowed(cls, value: list[str], info: ValidationInfo) -> list[str]:
        for number in value:
            _check_allowed(number, info)
        return value

    @field_validator("partner")
    @classmethod
    def _partner_allowed(cls, value: str, info: ValidationInfo) -> str:
        if value:
            _check_allowed(value, info)
        return value

    @model_validator(mode="after")
    def _has_a_trunk(self) -> OverflowSettings:
        if (self.standby or self.partner) and not self.trunk:
            raise ValueError("standby and partner numbers need overflow.trunk, the trunk to call them by")
        return self


class CallbackSettings(Section):
    """Calling people back who asked for it."""

    #: The trunk these calls leave by: one of `[[trunks]]` with an `outbound_uri`. Empty: nobody is called by the program; the list is there.
    trunk: str = ""
    #: Which numbers that callers gave may be dialled, as patterns.
    allowed: list[NumberPattern] = list(ORDINARY_NUMBERS)
    #: What the person's phone shows as the caller; empty: as counsellors see it.
    caller_id: str = ""
    #: How long somebody who answers has to say by a key that it is them.
    ask_s: Annotated[float, Field(ge=5, le=120)] = 25.0


def _check_allowed(number: str, info: ValidationInfo) -> None:
    e164 = normalise(number).e164
    if e164 is None:
        raise ValueError(f'"{number}" is not a telephone number')
    # Without `allowed` it was wrong itself, and is told already.
    if "allowed" in info.data and not number_pattern.matches(info.data["allowed"], e164):
        raise ValueError(f'"{number}" is not on the allow-list: overflow.allowed must have a pattern for it')


class PromptSettings(Section):
    """Voice prompts."""

    #: Folder with the built prompts; empty: `<data_dir>/prompts`.
    folder: OptionalPath = None
    #: Studio recordings: `<language>/<id>.wav` here win over the synthesised ones.
    recordings: OptionalPath = None
    #: Folder with `texts.ko.toml`, `texts.en.toml`: sentences of your own in place of the shipped ones.
    texts: OptionalPath = None
    #: What speaks where there is no recording: `espeak-ng`, or `command` for any other program.
    engine: str = "espeak-ng"
    #: With `command`: the program and its arguments; `{path}` is the sound file to write, `{language}` ko or en; the text is on its input.
    engine_command: list[str] = []
    language: Literal["ko", "en"] = "ko"


class LogSettings(Section):
    """Structured logs on standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    #: `auto`: readable on a terminal, JSON elsewhere.
    format: Literal["auto", "json", "console"] = "auto"


class Settings(BaseSettings):
    """Everything an operator may set."""

    model_config = SettingsConfigDict(
        env_prefix="ANNYEONG120_",
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
    )

    #: Database files, Asterisk's run folder, prompts, keys: all state of this installation. Keep the path short (socket names).
    data_dir: Path = Path("var")
    database: DatabaseSettings = DatabaseSettings()
    secrets: SecretSettings = SecretSettings()
    asterisk: AsteriskSettings = AsteriskSettings()
    #: Default: nobody may send calls until a trunk is named. `annyeong120 demo` adds the loopback.
    trunks: list[TrunkSettings] = []
    worker: WorkerSettings = WorkerSettings()
    entry: EntrySettings = EntrySettings()
    line: LineSettings = LineSettings()
    overflow: OverflowSettings = OverflowSettings()
    callbacks: CallbackSettings = CallbackSettings()
    escalation: EscalationSettings = EscalationSettings()
    care: CareSettings = CareSettings()
    prompts: PromptSettings = PromptSettings()
    desk: DeskSettings = DeskSettings()
    alarms: AlarmSettings = AlarmSettings()
    log: LogSettings = LogSettings()
    #: Your own call flow (menu, notices, waiting, times); empty: the shipped one.
    flow_file: OptionalPath = None

    @field_validator("overflow", "callbacks", "escalation")
    @classmethod
    def _trunk_that_calls_out(
        cls, value: OverflowSettings | CallbackSettings | EscalationSettings, info: ValidationInfo
    ) -> OverflowSettings | CallbackSettings | EscalationSettings:
        """The trunk must exist and know where calls go."""
        # Wrong trunks are told already.
        if value.trunk and "trunks" in info.data:
            trunks: list[TrunkSettings] = info.data["trunks"]
            found = next((trunk for trunk in trunks if trunk.name == value.trunk), None)
            if found is None:
                names = ", ".join(f'"{trunk.name}"' for trunk in trunks) or "there is none"
                raise ValueError(f'"{value.trunk}" is not the name of one of the trunks ({names})')
            if not found.outbound_uri:
                raise ValueError(f'the trunk "{value.trunk}" only receives: give it an outbound_uri')
        return value

    @property
    def embedded_database(self) -> bool:
        """Whether this installation runs PostgreSQL itself."""
        return not self.database.url.get_secret_value()

    @property
    def embedded_asterisk(self) -> bool:
        """Whether this installation runs Asterisk itself."""
        return not self.asterisk.nodes

    @property
    def prompts_folder(self) -> Path:
        """Where the built prompts are."""
        return self.prompts.folder or self.data_dir.absolute() / "prompts"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then environment, then the TOML file."""
        return init_settings, env_settings, InitSettingsSource(settings_cls, dict(file_values.get() or {}))
