"""The demonstration's sign-in at the desk: a supervisor, with a new password at every start."""

from __future__ import annotations

from core.clock import SystemClock
from core.database import Database
from core.sealing import load_sealer
from core.settings import Settings
from desk.access.accounts import Accounts
from desk.access.model import Role
from desk.access.passwords import PasswordBook, make
from desk.services import SECOND_FACTOR

NAME = "demo"


async def provide(settings: Settings, db: Database) -> str:
    """Make the account or give it a new password, which is returned. Raises `DatabaseError`, SecretsError."""
    accounts, password = Accounts(db, SystemClock(), load_sealer(settings, SECOND_FACTOR)), make()
    password_hash = await PasswordBook().hash(password)
    known = await accounts.by_sign_in_name(NAME)
    if known is None:
        name = "시연 감독 / demo supervisor"
        await accounts.add(sign_in_name=NAME, name=name, role=Role.SUPERVISOR, password_hash=password_hash, one_time_until=None)
    else:
        await accounts.set_password(known.user.id, password_hash)
    return password
