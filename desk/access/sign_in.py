"""Signing in and out, and changing one's password: the order in which things are checked, and what is written down of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import structlog

from core.audit import Access, AccessLog
from core.clock import Clock
from core.errors import AnnyeongError
from desk.access.accounts import Accounts, Credentials
from desk.access.line import Line
from desk.access.model import Actor, sign_in_form
from desk.access.passwords import PasswordBook, Weakness, WeakPassword, check, make
from desk.access.sessions import Sessions
from desk.access.throttle import Count, Throttle, counts
from desk.events import Events

log = structlog.get_logger()

#: A password that somebody else made is good for so long.
ONE_TIME_VALID = timedelta(days=3)
#: Wrong current passwords, or codes, in a window by somebody who is signed in.
_OWN_LIMIT = 10


class SignInRefused(AnnyeongError):
    """Name or password are wrong, or the account is closed. Which of them is not said."""


class CodeRequired(AnnyeongError):
    """The password is right; a code of the second factor is needed, too."""


class CodeWrong(AnnyeongError):
    """The code is wrong, or was used before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """What the browser is to hold, and who it is."""

    actor: Actor
    session_token: str
    #: None: it has one already.
    device_token: str | None


class SignIn:
    """Everything about passwords of people. All methods raise DatabaseUnavailable, and Busy when too many passwords are being checked."""

    def __init__(
        self,
        accounts: Accounts,
        sessions: Sessions,
        throttle: Throttle,
        passwords: PasswordBook,
        audit: AccessLog,
        events: Events,
        clock: Clock,
    ) -> None:
        self._accounts = accounts
        self._sessions = sessions
        self._throttle = throttle
        self._passwords = passwords
        self._audit = audit
        self._events = events
        self._clock = clock
        # A flood must not take the database's connections from everybody else, nor stand before who is known.
        self._looking, self._unknown, self._known = Line(2, 200), Line(2, 24), Line(2, 24)

    async def sign_in(
        self, name: str, password: str, code: str | None, *, source: str, device_token: str | None = None, old_session: str | None = None
    ) -> SignedIn:
        """Begin a session. Raises SignInRefused, CodeRequired, CodeWrong, TooManyAttempts."""
        async with self._looking:
            found = await self._accounts.by_sign_in_name(name)
            device = await self._sessions.device(device_token, found.user.id) if found else None
        async with self._known if device else self._unknown:
            return await self._sign_in(found, name, password, code, source=source, device=device, old_session=old_session)

    async def _sign_in(
        self,
        found: Credentials | None,
        name: str,
        password: str,
        code: str | None,
        *,
        source: str,
        device: UUID | None,
        old_session: str | None,
    ) -> SignedIn:
        counted = counts(account=sign_in_form(name), source=source, device=device)
        await self._throttle.count(counted)
        fits = await self._fits(found, password, counted, known=device is not None)
        if not fits or found is None:
            await self._refused(found, "password")
            raise SignInRefused
        user = found.user
        if found.totp_secret is not None:
            if not code:
                # The password was right: nothing was guessed.
                await self._throttle.give_back(counted)
                raise CodeRequired
            if not await self._accounts.use_code(user.id, found.totp_secret, code):
                await self._refused(found, "code")
                raise CodeWrong
        if found.one_time_until is not None and not await self._accounts.use_one_time(user.id):
            await self._refused(found, "one_time_used")
            raise SignInRefused
        await self._throttle.give_back(counted)
        if self._passwords.outdated(found.password_hash):
            await self._accounts.rehash(user.id, found.password_hash, await self._passwords.hash(password))
        await self._audit.write(Access(action="signed_in", actor=user.id, about_kind="user", about=str(user.id)))
        if old_session:
            await self.sign_out(old_session)
        session_id, token = await self._sessions.start(user.id)
        actor = await self._sessions.look(session_id)
        if actor is None:
            # Closed between the two statements.
            raise SignInRefused
        log.info("desk_signed_in", user_id=str(user.id), known_device=device is not None)
        return SignedIn(actor=actor, session_token=token, device_token=await self._sessions.remember_device(user.id, device))

    async def sign_out(self, token: str) -> None:
        """End this session; nothing if it has ended."""
        ended = await self._sessions.end(token)
        if ended is not None:
            session_id, user_id = ended
            await self._audit.write(Access(action="signed_out", actor=user_id, about_kind="user", about=str(user_id)))
            await self._say_ended(user_id, [session_id])

    async def change_password(self, actor: Actor, current: str, new: str, *, device_token: str | None = None) -> None:
        """One's own. Ends the other sessions, and only this browser stays known. Raises WeakPassword, SignInRefused, TooManyAttempts."""
        found = await self._checked(actor, current)
        check(new, found.user.sign_in_name, found.user.name)
        if await self._passwords.verify(found.password_hash, new, known=True):
            raise WeakPassword(Weakness.SAME_AS_BEFORE)
        await self._audit.write(Access(action="password_changed", actor=actor.user_id, about_kind="user", about=str(actor.user_id)))
        await self._accounts.set_password(actor.user_id, await self._passwords.hash(new))
        await self._sessions.forget_devices(actor.user_id, kept=device_token)
        await self._say_ended(actor.user_id, await self._sessions.end_all(actor.user_id, kept=actor.session_id))
        log.info("desk_password_changed", user_id=str(actor.user_id))

    async def confirm_password(self, actor: Actor, password: str) -> None:
        """Before something that a passer-by at an open page must not do. Raises SignInRefused, TooManyAttempts."""
        await self._checked(actor, password)

    async def confirm_second_factor(self, actor: Actor, code: str) -> None:
        """The authenticator is set up if this is its code. Raises CodeWrong, TooManyAttempts."""
        counted = [Count(key=f"own {actor.user_id}", limit=_OWN_LIMIT)]
        await self._throttle.count(counted)
        if not await self._accounts.confirm_second_factor(actor.user_id, code):
            raise CodeWrong
        await self._throttle.give_back(counted)

    async def reset_password(self, user_id: UUID) -> str:
        """A one-time password for somebody, which ends all their sessions; shown once. Raises NoSuchUser."""
        password = make()
        await self._accounts.set_password(user_id, await self._passwords.hash(password), one_time_until=self._clock.now() + ONE_TIME_VALID)
        await self.end_sessions(user_id)
        return password

    async def end_sessions(self, user_id: UUID) -> None:
        """All of somebody's."""
        await self._sessions.forget_devices(user_id)
        await self._say_ended(user_id, await self._sessions.end_all(user_id))

    async def _fits(self, found: Credentials | None, password: str, counted: tuple[Count, ...], *, known: bool) -> bool:
        try:
            right = await self._passwords.verify(found.password_hash if found else None, password, known=known)
        except BaseException:
            # It was not looked at.
            await self._throttle.give_back(counted)
            raise
        return right and found is not None and found.user.disabled_at is None and self._in_time(found)

    def _in_time(self, found: Credentials) -> bool:
        return found.one_time_until is None or (found.one_time_used_at is None and self._clock.now() < found.one_time_until)

    async def _checked(self, actor: Actor, password: str) -> Credentials:
        counted = (Count(key=f"own {actor.user_id}", limit=_OWN_LIMIT),)
        await self._throttle.count(counted)
        found = await self._accounts.credentials(actor.user_id)
        if not await self._passwords.verify(found.password_hash, password, known=True):
            await self._refused(found, "own_password")
            raise SignInRefused
        await self._throttle.give_back(counted)
        return found

    async def _refused(self, found: Credentials | None, why: str) -> None:
        # What was typed is not kept, not even a name that does not exist: it may be a password.
        log.warning("desk_sign_in_refused", user_id=str(found.user.id) if found else None, why=why)
        # Also for a name that does not exist: neither the log nor the time it takes to answer shall tell which names do.
        about = str(found.user.id) if found else ""
        await self._audit.write(Access(action="sign_in_refused", about_kind="user", about=about, detail={"why": why}))

    async def _say_ended(self, user_id: UUID, sessions: list[UUID]) -> None:
        for session_id in sessions:
            await self._events.publish("session_ended", {"session": str(session_id)}, user=user_id)
