"""Signing in and out, and one's own account."""

from __future__ import annotations

from io import BytesIO
from typing import Annotated, Literal
from uuid import UUID

import segno
from pydantic import Field

from desk import errors
from desk.access import totp
from desk.access.accounts import Accounts
from desk.access.model import Actor, Open, Permission, Role
from desk.access.passwords import MAX_LENGTH, Weakness, WeakPassword
from desk.access.sessions import Sessions
from desk.access.sign_in import CodeRequired, CodeWrong, SignIn, SignInRefused
from desk.access.throttle import TooManyAttempts
from desk.cookies import Cookies
from desk.errors import Problem
from desk.routes import Audit, Call, File, Route, Wire
from desk.validation import one

#: Sign-in bodies are small; what is larger is not read. Bytes.
_SMALL = 16 * 1024
ISSUER = "외로움안녕120"

Password = Annotated[str, Field(min_length=1, max_length=2 * MAX_LENGTH)]
Code = Annotated[str, Field(pattern=r"^[0-9 ]{6,8}$")]
Language = Literal["ko", "en"]

_WEAK: dict[Weakness, tuple[str, str]] = {
    Weakness.TOO_SHORT: ("10자 이상이어야 합니다.", "At least 10 characters are needed."),
    Weakness.TOO_LONG: ("200자까지 됩니다.", "At most 200 characters are allowed."),
    Weakness.COMMON: ("누구나 먼저 시도해 보는 비밀번호입니다.", "This is one that everybody tries first."),
    Weakness.OWN_NAME: ("이름만으로 된 비밀번호입니다.", "This is little more than your name."),
    Weakness.SAME_AS_BEFORE: ("지금 비밀번호와 같습니다.", "This is the password you have."),
}


class NewSession(Wire):
    """Name and password; the code where a second factor is set up."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    password: Password
    code: Code | None = None


class Me(Wire):
    """Somebody who is signed in."""

    id: UUID
    name: str
    role: Role
    counsellor: UUID | None


class SessionState(Wire):
    """Who is signed in here, if anybody, and what they may do."""

    person: Me | None
    permissions: list[Permission]
    language: Language
    must_change_password: bool = False
    second_factor: bool = False
    #: There was a session here, and it has ended.
    expired: bool = False


class NewPassword(Wire):
    """The current one and the new one."""

    current: Password
    new: Password


class Confirmed(Wire):
    """The current password, once more."""

    password: Password


class CodeGiven(Wire):
    """A code of the authenticator."""

    code: Code


class SecondFactor(Wire):
    """What an authenticator is set up with; the same as a picture at `/api/session/second-factor.svg`."""

    secret: str
    uri: str


class LanguageChosen(Wire):
    """The language of the pages."""

    language: Language


class SessionApi:
    """Its routes."""

    def __init__(self, sign_in: SignIn, accounts: Accounts, sessions: Sessions, cookies: Cookies) -> None:
        self._sign_in = sign_in
        self._accounts = accounts
        self._sessions = sessions
        self._cookies = cookies

    def routes(self) -> list[Route]:
        """See each."""
        refusals = (errors.SIGN_IN_REFUSED, errors.CODE_REQUIRED, errors.CODE_WRONG, errors.TOO_MANY_ATTEMPTS, errors.BUSY)
        own = (errors.PASSWORD_WRONG, errors.TOO_MANY_ATTEMPTS, errors.BUSY)
        factor, own_factor = "/api/session/second-factor", Permission.OWN
        return [
            Route(method="GET", path="/api/session", handler=self.look, permission=Open.ANYBODY),
            Route(method="POST", path="/api/session", handler=self.begin, permission=Open.ANYBODY, body_limit=_SMALL, problems=refusals),
            Route(method="DELETE", path="/api/session", handler=self.end, permission=Open.ANYBODY),
            Route(
                method="POST", path="/api/session/password", handler=self.change_password, permission=Open.SIGNED_IN, body_limit=_SMALL,
                problems=(*own, errors.WEAK_PASSWORD),
            ),
            Route(method="PUT", path="/api/session/language", handler=self.choose_language, permission=Permission.OWN, body_limit=_SMALL),
            Route(
                method="POST", path=factor, handler=self.begin_second_factor, permission=own_factor, body_limit=_SMALL, problems=own,
                audit="second_factor_begun",
            ),
            Route(method="GET", path=f"{factor}.svg", handler=self.picture, permission=own_factor),
            Route(
                method="POST", path=f"{factor}/confirm", handler=self.confirm_second_factor, permission=own_factor, body_limit=_SMALL,
                problems=(errors.CODE_WRONG, errors.TOO_MANY_ATTEMPTS), audit=Audit(action="second_factor_set_up"),
            ),
            Route(
                method="POST", path=f"{factor}/remove", handler=self.remove_second_factor, permission=own_factor, body_limit=_SMALL,
                problems=own, audit="second_factor_removed",
            ),
        ]  # fmt: skip

    async def look(self, call: Call) -> SessionState:
        """Who is signed in here."""
        actor = await self._sessions.find(call.session_token, active=False) if call.session_token else None
        return _state(actor) if actor else _nobody(expired=call.session_token is not None)

    async def begin(self, call: Call, body: NewSession) -> SessionState:
        """Sign in. A session that this browser had ends."""
        try:
            signed_in = await self._sign_in.sign_in(
                body.name, body.password, body.code, source=call.source, device_token=call.device_token, old_session=call.session_token
            )
        except SignInRefused:
            raise Problem(errors.SIGN_IN_REFUSED) from None
        except CodeRequired:
            raise Problem(errors.CODE_REQUIRED) from None
        except CodeWrong:
            raise Problem(errors.CODE_WRONG) from None
        except TooManyAttempts as error:
            raise _later(error) from None
        call.when_answered.append(lambda response: self._cookies.set_session(response, signed_in.session_token))
        if (device := signed_in.device_token) is not None:
            call.when_answered.append(lambda response: self._cookies.set_device(response, device))
        return _state(signed_in.actor)

    async def end(self, call: Call) -> None:
        """Sign out; nothing happens where nobody is signed in."""
        if call.session_token:
            await self._sign_in.sign_out(call.session_token)
        call.when_answered.append(self._cookies.clear_session)

    async def change_password(self, call: Call, body: NewPassword) -> SessionState:
        """Change one's password, which ends one's other sessions."""
        try:
            await self._sign_in.change_password(call.actor, body.current, body.new, device_token=call.device_token)
        except WeakPassword as error:
            raise Problem(errors.WEAK_PASSWORD, fields=one("new", str(error.why), *_WEAK[error.why])) from None
        except (SignInRefused, TooManyAttempts) as error:
            raise _own(error) from None
        actor = await self._sessions.look(call.actor.session_id)
        return _state(actor) if actor else _nobody(expired=True)

    async def choose_language(self, call: Call, body: LanguageChosen) -> SessionState:
        """Choose the language of one's pages."""
        await self._accounts.change(call.actor.user_id, {"language": body.language})
        actor = await self._sessions.look(call.actor.session_id)
        return _state(actor) if actor else _nobody(expired=True)

    async def begin_second_factor(self, call: Call, body: Confirmed) -> SecondFactor:
        """A new secret for an authenticator; it counts when a code of it was given."""
        await self._confirm(call.actor, body.password)
        secret = await self._accounts.begin_second_factor(call.actor.user_id)
        return SecondFactor(secret=totp.text(secret), uri=totp.uri(secret, call.actor.name, ISSUER))

    async def picture(self, call: Call) -> File:
        """The secret that waits to be confirmed, as a QR code."""
        secret = await self._accounts.pending_secret(call.actor.user_id)
        if secret is None:
            raise Problem(errors.NOT_FOUND)
        picture = BytesIO()
        segno.make(totp.uri(secret, call.actor.name, ISSUER), error="m").save(picture, kind="svg", scale=5, omitsize=True)
        return File(name="second-factor.svg", content_type="image/svg+xml", data=picture.getvalue(), inline=True)

    async def confirm_second_factor(self, call: Call, body: CodeGiven) -> SessionState:
        """The authenticator is set up; from now on a code is asked for."""
        try:
            await self._sign_in.confirm_second_factor(call.actor, body.code)
        except CodeWrong:
            raise Problem(errors.CODE_WRONG) from None
        except TooManyAttempts as error:
            raise _later(error) from None
        return _state(call.actor, second_factor=True)

    async def remove_second_factor(self, call: Call, body: Confirmed) -> SessionState:
        """The password alone from now on."""
        await self._confirm(call.actor, body.password)
        await self._accounts.remove_second_factor(call.actor.user_id)
        return _state(call.actor, second_factor=False)

    async def _confirm(self, actor: Actor, password: str) -> None:
        try:
            await self._sign_in.confirm_password(actor, password)
        except (SignInRefused, TooManyAttempts) as error:
            raise _own(error) from None


def _own(error: SignInRefused | TooManyAttempts) -> Problem:
    return _later(error) if isinstance(error, TooManyAttempts) else Problem(errors.PASSWORD_WRONG)


def _later(error: TooManyAttempts) -> Problem:
    return Problem(errors.TOO_MANY_ATTEMPTS, headers={"Retry-After": str(error.retry_after_s)}, retry_after_s=error.retry_after_s)


def _nobody(*, expired: bool) -> SessionState:
    return SessionState(person=None, permissions=[], language="ko", expired=expired)


def _state(actor: Actor, *, second_factor: bool | None = None) -> SessionState:
    return SessionState(
        person=Me(id=actor.user_id, name=actor.name, role=actor.role, counsellor=actor.counsellor_id),
        permissions=sorted(actor.permissions),
        language="en" if actor.language == "en" else "ko",
        must_change_password=actor.must_change_password,
        second_factor=actor.second_factor if second_factor is None else second_factor,
    )
