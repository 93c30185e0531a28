"""What can go wrong between us and Asterisk's REST interface, as types.

"Already gone" is an ordinary outcome on a telephone line: most callers catch `NotFound`, `Gone` or `Conflict` and go on.
"""

from __future__ import annotations

from core.errors import AnnyeongError


class AriError(AnnyeongError):
    """Asterisk did not do what was asked."""

    def __init__(self, operation: str = "", *, status: int = 0, reason: str = "") -> None:
        """`operation` is the name in the operations table, `status` the HTTP status (0: none came), `reason` Asterisk's words."""
        # Status and Asterisk's words say more than the type's own sentence, which stands in for them where there are none.
        answer = f"{status} {reason}".strip() if status else reason
        what = (type(self).__doc__ or "").split("\n", maxsplit=1)[0].rstrip(".")
        super().__init__(": ".join(part for part in (operation, type(self).__name__, answer or what) if part))
        self.operation = operation
        self.status = status
        self.reason = reason


class NotFound(AriError):
    """The channel, bridge, playback or application is gone, or never was (404)."""


class Conflict(AriError):
    """Not in Stasis, or the id is in use, or somebody else claimed the call (409)."""


class InvalidState(Conflict):
    """The channel is in a state that does not allow this, for example down (412)."""


class BadRequest(AriError):
    """Asterisk did not understand the request (400)."""


class Gone(BadRequest):
    """The channel (or the originator) is gone (400, where Asterisk says so)."""


class Unprocessable(AriError):
    """The channel is not in Stasis, or not in this bridge, or the event source does not exist (422)."""


class Unauthorised(AriError):
    """User name or password of ARI are wrong, or the user is read-only (401, 403)."""


class ServerFault(AriError):
    """Asterisk failed (5xx). For an originate "Allocation failed" means that the phone cannot be reached."""


class Unreachable(AriError):
    """No connection to Asterisk: the request was never sent."""


class OutcomeUnknown(AriError):
    """A time-out, or the connection was lost with the request under way: it may or may not have happened, or may happen later."""


class ApplicationReplacedError(AriError):
    """Another process connected with our application's name: this one must stop acting."""


def from_status(operation: str, status: int, reason: str, *, gone_when: str = "") -> AriError:
    """The typed error of an HTTP status from 300 up; a 400 whose reason contains `gone_when` is `Gone`."""
    kind: type[AriError]
    if status >= 500:
        kind = ServerFault
    elif status == 400:
        kind = Gone if gone_when and gone_when in reason.lower() else BadRequest
    else:
        kind = _BY_STATUS.get(status, AriError)
    return kind(operation, status=status, reason=reason)


_BY_STATUS: dict[int, type[AriError]] = {
    401: Unauthorised,
    403: Unauthorised,
    404: NotFound,
    409: Conflict,
    412: InvalidState,
    422: Unprocessable,
}
