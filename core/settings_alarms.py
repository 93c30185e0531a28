"""Settings of what makes alarms reach somebody; part of `core.settings`.

A channel is a table of its own with a name, `[alarms.webhooks.chat]`, so that its secret may come from the environment alone:
`ANNYEONG120_ALARMS__WEBHOOKS__CHAT__SECRET`.
"""

from __future__ import annotations

import ipaddress
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, model_validator

from core.alarm_kinds import AlarmKind
from core.settings_types import Name, OptionalPath, Port, Seconds, Section

#: A secret to sign with is at least so long; bytes.
SECRET_LEAST = 24


def _mail_address(value: str) -> str:
    name, at, domain = value.rpartition("@")
    if not at or not name or not domain or any(char.isspace() or not char.isprintable() or char in '<>,;:"' for char in value):
        raise ValueError("must be one plain e-mail address, like team@example.org")
    if not value.isascii():
        raise ValueError("must be an e-mail address of ASCII letters only")
    return value


MailAddress = Annotated[str, AfterValidator(_mail_address)]
HttpAddress = Annotated[SecretStr, Field(min_length=1)]


class ChannelSettings(Section):
    """What every channel has: which alarms, when, and how hard it tries."""

    #: The kinds that go out here; empty: all of them.
    kinds: list[AlarmKind] = []
    #: Only what cannot wait until somebody looks by themselves.
    urgent_only: bool = False
    #: Not before nobody has seen to the alarm for so long: what comes after the channels that go out at once; seconds.
    after_s: Annotated[float, Field(ge=0, le=86_400)] = 0.0
    #: Once more so long after it went out, if still nobody has seen to it; 0: never; seconds.
    again_every_s: Annotated[float, Field(ge=0, le=86_400)] = 0.0
    #: So many times at most, the first one not counted.
    again_times: Annotated[int, Field(ge=1, le=100)] = 3
    #: After so many attempts in vain it is given up, which is an alarm of its own.
    attempts: Annotated[int, Field(ge=1, le=50)] = 8


class WebhookSettings(ChannelSettings):
    """A POST of JSON, signed as standardwebhooks.com describes it."""

    #: `https://…`. May hold a token, so it is shown nowhere.
    url: HttpAddress
    #: `http://` is meant: only to a loopback or private address, written as numbers.
    allow_http: bool = False
    #: Signs each message: `whsec_` and base64, or any text; at least 24 bytes. One of these two.
    secret: SecretStr = SecretStr("")
    secret_file: OptionalPath = None
    #: For a whole attempt.
    timeout_s: Seconds = 10.0

    @model_validator(mode="after")
    def _safe(self) -> WebhookSettings:
        _check_address(self.url.get_secret_value(), allow_http=self.allow_http)
        _one_secret(self.secret, self.secret_file, "a webhook is signed: it needs secret or secret_file, one of them")
        if self.secret_file is None and len(self.secret.get_secret_value().encode()) < SECRET_LEAST:
            raise ValueError(f"secret must have at least {SECRET_LEAST} bytes")
        return self


class MailSettings(ChannelSettings):
    """E-mail by SMTP."""

    host: Annotated[str, Field(pattern=r"^[A-Za-z0-9.:-]+$")]
    port: Port = 587
    #: `starttls`: encrypted before anything is said, or nothing is said; `tls`: from the first byte (port 465);
    #: `none`: only to a loopback or private address, written as numbers.
    tls: Literal["starttls", "tls", "none"] = "starttls"
    #: Who signs the server's certificate, if that is not somebody this machine knows (PEM).
    ca_file: OptionalPath = None
    #: Empty: the server takes our mail without signing in.
    user: str = ""
    password: SecretStr = SecretStr("")
    password_file: OptionalPath = None
    sender: MailAddress
    recipients: Annotated[list[MailAddress], Field(min_length=1, max_length=50)]
    #: For a whole attempt.
    timeout_s: Seconds = 30.0

    @model_validator(mode="after")
    def _safe(self) -> MailSettings:
        if self.tls == "none" and not is_near(self.host):
            raise ValueError('tls = "none" is for a loopback or private address only: elsewhere mail goes out encrypted')
        if self.user:
            _one_secret(self.password, self.password_file, "user needs password or password_file, one of them")
            if self.tls == "none":
                raise ValueError('a password is not sent in the clear: user needs tls = "starttls" or "tls"')
        return self


class PhoneSettings(ChannelSettings):
    """A telephone call to the supervisor whom the published roster has on duty, until they press 1."""

    urgent_only: bool = True
    after_s: Annotated[float, Field(ge=0, le=86_400)] = 60.0
    #: How long each of them rings.
    ring_s: Annotated[float, Field(ge=5, le=120)] = 25.0


class AlarmSettings(Section):
    """By which channels alarms reach somebody. Open pages of the desk are told in any case."""

    webhooks: dict[Name, WebhookSettings] = {}
    mails: dict[Name, MailSettings] = {}
    #: There when the section is there: `[alarms.phone]`.
    phone: PhoneSettings | None = None
    #: Wait after the first attempt in vain; doubles each time, up to the last.
    first_retry_s: Seconds = 5.0
    last_retry_s: Seconds = 300.0
    #: What is older than this when it comes to be sent is not: whoever reads it next morning has other news by then; hours.
    too_old_h: Annotated[float, Field(gt=0, le=720)] = 12.0

    @model_validator(mode="after")
    def _order(self) -> AlarmSettings:
        if self.last_retry_s < self.first_retry_s:
            raise ValueError("last_retry_s must not be below first_retry_s")
        return self


def is_near(host: str) -> bool:
    """Whether this is a loopback or private address; a name is not, but for `localhost`: who answers to it may change."""
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return host == "localhost"
    return address.is_loopback or (address.is_private and not address.is_unspecified)


def _check_address(url: str, *, allow_http: bool) -> None:
    """The messages don't show it: its path may be the key to somebody's chat room."""
    try:
        parts = urlsplit(url)
        port_is_fine = parts.port != 0
    except ValueError:
        raise ValueError("url is not an address") from None
    if not parts.hostname or not port_is_fine or parts.scheme not in ("http", "https") or any(char.isspace() for char in url):
        raise ValueError('url must begin with "https://" and a host')
    if parts.username or parts.password or parts.fragment:
        raise ValueError("url must have neither a user nor a # in it")
    if parts.scheme == "http" and not (allow_http and is_near(parts.hostname)):
        raise ValueError("url must be https; http is for a loopback or private address written as numbers, with allow_http = true")


def _one_secret(secret: SecretStr, file: object, sentence: str) -> None:
    if bool(secret.get_secret_value()) is (file is not None):
        raise ValueError(sentence)
