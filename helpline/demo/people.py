"""The demonstration's counsellors: two simulated ones, and an account for a softphone of the visitor's own."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text

from core.database import Database
from helpline.demo.softphone import Softphone
from helpline.demo.tones import COUNSELLOR_TONE
from ivr.phone_accounts import PhoneAccounts
from routing import pins

SIMULATED = {"101": "상담사 가온", "102": "상담사 나래"}
VISITOR = ("103", "시연 손님")

_AVAILABLE = text(
    """
    SELECT c.extension FROM presence p JOIN counsellors c ON c.id = p.counsellor_id
    WHERE p.human = 'ready' AND p.reachable AND p.system = 'idle'
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A counsellor with what their phone needs."""

    extension: str
    name: str
    secret: str
    pin: str


async def provide(db: Database, extension: str, name: str) -> Person:
    """Make the account, or give the existing one a new secret and PIN. Raises what PhoneAccounts raises."""
    accounts, pin = PhoneAccounts(db), pins.generate(extension)
    known = {account.extension: account for account in await accounts.list(everybody=True)}
    if extension not in known:
        _, secret = await accounts.add(name, extension=extension, pin=pin)
    else:
        if known[extension].disabled_at is not None:
            await accounts.enable(extension)
        await accounts.set_pin(extension, pin)
        secret = await accounts.renew_secret(extension)
    return Person(extension=extension, name=name, secret=secret, pin=pin)


async def sign_in(phone: Softphone, person: Person) -> None:
    """Do what a counsellor does in the morning: register, `*11` and the PIN by keys, `*12`. Raises PhoneError."""
    await phone.register()
    await phone.play_tone(COUNSELLOR_TONE)
    call = await phone.call("*11")
    await call.answered()
    # The prompt asks for the PIN; keys may be pressed at once.
    await phone.expect("sound")
    await call.send_dtmf(person.pin + "#", duration_ms=100)
    await call.ended(20)
    call = await phone.call("*12")
    await call.answered()
    await call.ended(20)


async def available(db: Database) -> set[str]:
    """Extensions that a caller could be offered to now."""
    return {str(row.extension) for row in await db.execute(_AVAILABLE)}
