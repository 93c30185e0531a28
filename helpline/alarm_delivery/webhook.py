"""A POST of JSON to somebody's server, signed as standardwebhooks.com (version 1) describes it.

`webhook-id` is the same for every attempt of one message (also as `Idempotency-Key`), `webhook-timestamp` is the attempt's, and
`webhook-signature` is `v1,` and base64 of HMAC-SHA256 over `id.timestamp.body`: whoever checks both takes neither a forged message nor an old
one again. Redirects are not followed, and nothing of the answer but its status is read.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from urllib.parse import urlsplit

import aiohttp

from core.clock import Clock, seoul
from core.settings_alarms import WebhookSettings
from helpline.alarm_delivery import secret
from helpline.alarm_delivery.model import Message, NotDelivered
from helpline.alarm_delivery.words import words


class Webhook:
    """See the module."""

    def __init__(self, name: str, settings: WebhookSettings, clock: Clock) -> None:
        self._name = f"webhook.{name}"
        self._settings = settings
        self._clock = clock

    @property
    def name(self) -> str:
        """See `Channel.name`."""
        return self._name

    @property
    def limit_s(self) -> float:
        """See `Channel.limit_s`."""
        return self._settings.timeout_s

    async def send(self, message: Message) -> str:
        """See `Channel.send`."""
        key = secret.signing_key(await secret.read(self._settings.secret, self._settings.secret_file))
        content = body(message)
        timestamp = int(self._clock.now().timestamp())
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "annyeong120",
            "Idempotency-Key": message.key,
            "webhook-id": message.key,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signature(key, message.key, timestamp, content),
        }
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=self._settings.timeout_s), trust_env=False) as session,
                session.post(self._settings.url.get_secret_value(), data=content, headers=headers, allow_redirects=False) as answer,
            ):
                status = answer.status
        except TimeoutError:
            raise NotDelivered(f"no answer within {self._settings.timeout_s:g} s") from None
        except (aiohttp.ClientError, OSError) as error:
            # What the error says has the address in it.
            raise NotDelivered(f"can't be reached ({_kind(error)})") from None
        if not 200 <= status < 300:
            raise NotDelivered(f"answers {status}")
        return ""

    async def check(self) -> str:
        """Whether the secret can be used and the far end answers with a certificate that is good: by a request that carries nothing."""
        secret.signing_key(await secret.read(self._settings.secret, self._settings.secret_file))
        url = urlsplit(self._settings.url.get_secret_value())
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=min(5.0, self._settings.timeout_s)), trust_env=False) as session,
                session.head(f"{url.scheme}://{url.netloc}/", allow_redirects=False),
            ):
                pass
        except TimeoutError:
            raise NotDelivered("does not answer") from None
        except (aiohttp.ClientError, OSError) as error:
            raise NotDelivered(f"can't be reached ({_kind(error)})") from None
        return f"{url.hostname} answers"


def body(message: Message) -> bytes:
    """What is posted."""
    korean, english = words(message.kind)
    content = {
        "type": "alarm",
        "id": str(message.alarm_id),
        "kind": message.kind,
        "urgent": message.urgent,
        "at": seoul(message.at).isoformat(timespec="seconds"),
        "round": message.round,
        "title": {"ko": korean, "en": english},
        # What chat servers show.
        "text": f"{message.title}\n{message.text}",
    }
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def signature(key: bytes, message_id: str, timestamp: int, content: bytes) -> str:
    """The header's value."""
    mac = hmac.digest(key, f"{message_id}.{timestamp}.".encode() + content, hashlib.sha256)
    return f"v1,{base64.b64encode(mac).decode()}"


def _kind(error: Exception) -> str:
    """An error's kind in words that hold no address."""
    match error:
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientConnectorSSLError():
            return "its certificate is not good"
        case aiohttp.ClientConnectorDNSError():
            return "its name is not known"
        case _:
            return type(error).__name__
