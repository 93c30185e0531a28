"""How the supervisor of the event socket waits and what it says meanwhile."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass

import structlog

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """How long the supervisor waits for what, in seconds."""

    #: Between a pong and the next ping, and from a ping until the connection counts as lost.
    ping_s: float = 2.0
    pong_s: float = 2.0
    #: Opening the socket.
    open_s: float = 3.0
    #: How long an attempt that was given up may still come through: Asterisk was frozen, or the network held it back.
    late_s: float = 120.0
    #: Before the next attempt, at random between these; the upper bound grows while attempts keep failing.
    retry_min_s: float = 0.1
    retry_max_s: float = 2.0
    #: The same after a wrong password: hammering would only fill Asterisk's security log.
    refused_min_s: float = 2.0
    refused_max_s: float = 5.0
    #: A resync longer than this is stuck.
    resync_s: float = 30.0
    #: A session that lasted this long was a success: the next loss starts again with a short wait.
    settled_s: float = 5.0
    #: How often an unchanged complaint is repeated in the log.
    remind_s: float = 30.0


class Lost(Exception):
    """The session is over; the text says why."""


class Refused(Lost):
    """Asterisk answered, but will not have us: somebody must change something."""


class Backoff:
    """The wait before the next attempt: never none, so that no failure can turn the supervisor into a tight loop."""

    def __init__(self, timing: Timing, randomness: random.Random) -> None:
        self._timing = timing
        self._random = randomness
        self._failures = 0

    def after(self, reason: Lost, *, lasted_s: float) -> float:
        """Seconds to wait after a session that ended by `reason` and lasted `lasted_s` from the attempt on."""
        timing = self._timing
        if isinstance(reason, Refused):
            return self._random.uniform(timing.refused_min_s, timing.refused_max_s)
        self._failures = 1 if lasted_s >= timing.settled_s else self._failures + 1
        upper = min(timing.retry_max_s, timing.retry_min_s * 2 ** min(self._failures, 10))
        return self._random.uniform(timing.retry_min_s, upper)


class Complaint:
    """Says a trouble once, again when it changes, and otherwise only every now and then."""

    def __init__(self, remind_s: float) -> None:
        self._remind_s = remind_s
        self._said: str | None = None
        self._said_at = 0.0

    def say(self, reason: Lost) -> None:
        """Log it if it is due."""
        now = asyncio.get_running_loop().time()
        text = str(reason)
        if text == self._said and now - self._said_at < self._remind_s:
            return
        self._said, self._said_at = text, now
        if isinstance(reason, Refused):
            log.error("ari_refused", reason=text)
        else:
            log.warning("ari_not_connected", reason=text, advice="waiting; connects by itself")

    def over(self) -> None:
        """The trouble is gone."""
        self._said = None


def advice(status: int) -> str:
    """What to do about a refused handshake."""
    if status in {401, 403}:
        return f"Asterisk refuses our ARI user name or password ({status}): make settings and ari.conf agree, then nothing more is needed"
    if status == 404:
        return "Asterisk has no ARI at this address (404): check the URL, `enabled=yes` in ari.conf and that res_ari_events is loaded"
    return f"Asterisk refuses the event socket ({status}): look into its log"
