"""A channel's secret, read when it is needed: a new one counts from the next message on. Without one nothing is sent."""

from __future__ import annotations

import asyncio
import base64
import binascii
from pathlib import Path

from pydantic import SecretStr

from core.errors import SecretsError
from core.secrets import read_private
from core.settings_alarms import SECRET_LEAST
from helpline.alarm_delivery.model import NotDelivered

_PREFIX = "whsec_"


async def read(given: SecretStr, file: Path | None) -> str:
    """From the settings or from a file that only its owner can read. Raises `NotDelivered`."""
    if file is None:
        secret = given.get_secret_value()
    else:
        try:
            secret = (await asyncio.to_thread(read_private, file)).strip()
        except SecretsError as error:
            raise NotDelivered("its secret's file is missing, can be read by others, or can't be read") from error
    if not secret:
        raise NotDelivered("its secret is empty")
    return secret


def signing_key(secret: str) -> bytes:
    """The bytes to sign with: `whsec_` and base64 as standardwebhooks.com has it, or any long enough text. Raises `NotDelivered`."""
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True) if secret.startswith(_PREFIX) else secret.encode()
    except (binascii.Error, ValueError):
        raise NotDelivered("what follows whsec_ in its secret is not base64") from None
    if len(key) < SECRET_LEAST:
        raise NotDelivered(f"its secret has fewer than {SECRET_LEAST} bytes")
    return key
