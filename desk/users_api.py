"""Accounts of others: who may sign in, as what, and a new start for who has forgotten the password."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from core.clock import Clock
from desk import errors
from desk.access.accounts import MAX_NAME, Accounts, NameTaken, NoSuchUser, User
from desk.access.model import Actor, Permission, Role
from desk.access.passwords import PasswordBook, make
from desk.access.sign_in import ONE_TIME_VALID, SignIn
from desk.errors import Problem
from desk.routes import Audit, Call, Route, Wire
from desk.validation import one

Name = Annotated[str, Field(min_length=1, max_length=MAX_NAME, pattern=r"^\S(.*\S)?$")]


class Account(Wire):
    """An account."""

    id: UUID
    sign_in_name: str
    name: str
    role: Role
    counsellor: UUID | None
    language: str
    created_at: datetime
    disabled_at: datetime | None
    must_change_password: bool
    second_factor: bool


class AccountList(Wire):
    """Accounts, by name."""

    users: list[Account]


class NewAccount(Wire):
    """Somebody who is to sign in."""

    sign_in_name: Name
    name: Name
    role: Role
    counsellor: UUID | None = None
    language: Literal["ko", "en"] = "ko"


class OneTimePassword(Wire):
    """Shown this once: good for one sign-in, after which one's own is chosen."""

    user: Account
    password: str


class AccountChange(Wire):
    """What is left out stays as it is."""

    name: Name | None = None
    role: Role | None = None
    disabled: bool | None = None


class UsersApi:
    """Its routes. A supervisor does not reach auditors' and operators' accounts, and nobody changes the role of, or closes, their own."""

    def __init__(self, accounts: Accounts, sign_in: SignIn, passwords: PasswordBook, clock: Clock) -> None:
        self._accounts = accounts
        self._sign_in = sign_in
        self._passwords = passwords
        self._clock = clock

    def routes(self) -> list[Route]:
        """See each."""
        one_user, edit = "/api/users/{user_id}", Permission.USER_EDIT

        def audit(action: str) -> Audit:
            return Audit(action=action, about_kind="user", about="user_id")

        return [
            Route(method="GET", path="/api/users", handler=self.everybody, permission=Permission.USER_READ),
            Route(
                method="POST", path="/api/users", handler=self.add, permission=edit, status=201,
                problems=(errors.NAME_TAKEN,), audit=Audit(action="user_added", about_kind="user", detail=("role",)),
            ),
            Route(method="PATCH", path=one_user, handler=self.change, permission=edit,
                  audit=Audit(action="user_changed", about_kind="user", about="user_id", detail=("role", "disabled"))),
            Route(method="POST", path=f"{one_user}/password", handler=self.reset, permission=edit, audit=audit("password_reset")),
            Route(
                method="DELETE", path=f"{one_user}/second-factor", handler=self.remove_second_factor, permission=edit,
                audit=audit("second_factor_removed"),
            ),
        ]  # fmt: skip

    async def everybody(self, call: Call) -> AccountList:
        """All accounts, the closed ones last."""
        return AccountList(users=[_account(user) for user in await self._accounts.everybody()])

    async def add(self, call: Call, body: NewAccount) -> OneTimePassword:
        """Make an account with a one-time password."""
        _may(call.actor, body.role)
        password = make()
        try:
            user = await self._accounts.add(
                sign_in_name=body.sign_in_name,
                name=body.name,
                role=body.role,
                password_hash=await self._passwords.hash(password),
                one_time_until=self._clock.now() + ONE_TIME_VALID,
                counsellor_id=body.counsellor,
                language=body.language,
            )
        except NameTaken:
            raise Problem(errors.NAME_TAKEN) from None
        except NoSuchUser:
            fields = one("counsellor", "unknown", "그런 상담사가 없습니다.", "There is no such counsellor.")
            raise Problem(errors.INVALID, fields=fields) from None
        return OneTimePassword(user=_account(user), password=password)

    async def change(self, call: Call, user_id: UUID, body: AccountChange) -> Account:
        """Change name or role, close or open an account. Another role, and closing, end the person's sessions."""
        user = await self._theirs(call.actor, user_id)
        changes: dict[str, object] = {}
        if body.name is not None:
            changes["name"] = body.name
        if body.role is not None and body.role != user.role:
            _may(call.actor, body.role)
            changes["role"] = str(body.role)
        if body.disabled is not None and body.disabled != (user.disabled_at is not None):
            changes["disabled_at"] = self._clock.now() if body.disabled else None
        if user_id == call.actor.user_id and changes.keys() - {"name"}:
            raise Problem(errors.FORBIDDEN)
        if not changes:
            return _account(user)
        changed = await self._accounts.change(user_id, changes)
        if changes.keys() - {"name"}:
            await self._sign_in.end_sessions(user_id)
        return _account(changed)

    async def reset(self, call: Call, user_id: UUID) -> OneTimePassword:
        """A one-time password for somebody, which ends all their sessions."""
        await self._theirs(call.actor, user_id)
        password = await self._sign_in.reset_password(user_id)
        return OneTimePassword(user=_account(await self._accounts.get(user_id)), password=password)

    async def remove_second_factor(self, call: Call, user_id: UUID) -> Account:
        """For somebody whose authenticator is lost."""
        await self._theirs(call.actor, user_id)
        await self._accounts.remove_second_factor(user_id)
        return _account(await self._accounts.get(user_id))

    async def _theirs(self, actor: Actor, user_id: UUID) -> User:
        try:
            user = await self._accounts.get(user_id)
        except NoSuchUser:
            raise Problem(errors.NOT_FOUND) from None
        _may(actor, user.role)
        return user


def _may(actor: Actor, role: Role) -> None:
    if not actor.manages(role):
        raise Problem(errors.FORBIDDEN)


def _account(user: User) -> Account:
    return Account(
        id=user.id,
        sign_in_name=user.sign_in_name,
        name=user.name,
        role=user.role,
        counsellor=user.counsellor_id,
        language=user.language,
        created_at=user.created_at,
        disabled_at=user.disabled_at,
        must_change_password=user.must_change_password,
        second_factor=user.second_factor,
    )
