"""The event WebSocket, and the supervisor that keeps it up.

On every connect the order is: open, hold incoming events back, resync (`on_connected`), deliver the held ones, go live. Nothing is
replayed by Asterisk, so whoever acted on an event before the resync would act on half a picture.

The reader only parses and enqueues. Pings are our own and only a pong counts: Asterisk answers them in the same thread that serves our
requests, so a pong proves both directions and that thread. A black hole is noticed `ping_s` + `pong_s` (4 s) after the last pong at the
latest.

An attempt to connect that we gave up may still reach Asterisk: after a freeze it reads everything that has piled up, in no order, and each
attempt takes the application's name from whoever has it (seen: an attempt of our own took it from the connection that stood, which looks
like another process under our name). So Asterisk is asked for a sign of life first, by a request that may come late without harm, and
losing the name soon after an attempt was given up is not taken for another process; losing it once more is.
"""

from __future__ import annotations

import asyncio
import functools
import random
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import TypeVar
from urllib.parse import quote

import aiohttp
import structlog

from core import metrics
from ivr.ari import wire
from ivr.ari.client import Ari
from ivr.ari.errors import ApplicationReplacedError, AriError
from ivr.ari.events import ApplicationReplaced, Event, Malformed, Unknown, parse
from ivr.ari.mailbox import Switchboard
from ivr.ari.model import Unreadable
from ivr.ari.rest import RestOverSocket
from ivr.ari.supervision import Backoff, Complaint, Lost, Refused, Timing, advice
from ivr.ari.transport import Request, Response

log = structlog.get_logger()
E = TypeVar("E", bound=BaseException)
#: A counter per type, looked up once: it costs more than the rest of a delivery.
_received = functools.cache(metrics.events_total.labels)
_SIGN_OF_LIFE = Request(operation="sign_of_life", method="GET", uri="asterisk/ping")


class Connection:
    """Keeps one WebSocket to Asterisk; also the transport for requests over it."""

    def __init__(
        self,
        ari: Ari,
        switchboard: Switchboard,
        *,
        on_connected: Callable[[], Awaitable[None]],
        on_lost: Callable[[str], None] | None = None,
        on_replaced: Callable[[], None] | None = None,
        adopt: Sequence[str] = (),
        node: str = "main",
        timing: Timing | None = None,
        randomness: random.Random | None = None,
    ) -> None:
        """`on_connected` is the resync: it may use `ari` freely and fails the session by raising. The other callbacks must not block.

        `adopt` names dead workers' applications whose events and channels we take over; `node` labels the metrics.
        """
        self._ari = ari
        self._switchboard = switchboard
        self._on_connected = on_connected
        self._on_lost = on_lost
        self._on_replaced = on_replaced
        self._up = metrics.ari_connected.labels(node)
        self._up.set(0)
        self._reconnects = metrics.ari_reconnects_total.labels(node)
        self._adopted = list(adopt)
        self._timing = timing or Timing()
        self._random = randomness or random.Random()
        self._rest = RestOverSocket()
        self._held: list[Event] = []
        self._live = False
        self._ping = 0
        self._pong = asyncio.Event()
        self._complaint = Complaint(self._timing.remind_s)
        #: When attempts were given up that may yet come through.
        self._given_up: list[float] = []
        ari.use_socket(self)

    @property
    def connected(self) -> bool:
        """Whether events flow and the last resync is done: readiness."""
        return self._live

    @property
    def available(self) -> bool:
        """Whether a request can be sent over the socket now; true during the resync, too."""
        return self._rest.available

    async def request(self, request: Request, timeout_s: float) -> Response:
        """See `Transport.request`."""
        return await self._rest.request(request, timeout_s)

    @property
    def applications(self) -> tuple[str, ...]:
        """Our own name and those adopted."""
        return (self._ari.app, *self._adopted)

    # --- the supervisor --------------------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Stay connected until cancelled. Raises `ApplicationReplacedError`, and nothing else, when another process is us."""
        loop = asyncio.get_running_loop()
        backoff = Backoff(self._timing, self._random)
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), trust_env=False) as http:
            while True:
                began = loop.time()
                try:
                    await _apart(self._session(http))
                except Lost as reason:
                    self._complaint.say(reason)
                    await asyncio.sleep(backoff.after(reason, lasted_s=loop.time() - began))
                self._reconnects.inc()

    async def _session(self, http: aiohttp.ClientSession) -> None:
        """One socket from opening to loss; always ends by raising."""
        socket = await self._open(http)
        self._rest.opened(socket)
        reason = "stopped"
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._read(socket), name="ari reader")
                tasks.create_task(self._watch(socket), name="ari ping")
                tasks.create_task(self._go_live(), name="ari resync")
        except BaseExceptionGroup as group:
            # Losing the socket fails several tasks at once; what matters most decides.
            replaced = _first(group, ApplicationReplacedError)
            lost = _first(group, Lost)
            reason = str(replaced or lost or group)
            if replaced is not None:
                raise replaced from None
            if lost is not None:
                raise lost from None
            # A fault of ours, said in full; the supervisor goes on, because without it nobody answers calls.
            log.exception("ari_session_failed")
            raise Lost(f"a fault of ours ({group})") from group
        finally:
            self._down(reason)
            if self._on_lost is not None:
                self._on_lost(reason)
            await _close(socket)

    def _down(self, reason: str) -> Lost:
        """From now on there is no socket; whoever waits for an answer is told at once, before anything is tidied up."""
        self._live, self._held = False, []
        self._up.set(0)
        self._rest.lost(reason)
        return Lost(reason)

    async def _open(self, http: aiohttp.ClientSession) -> aiohttp.ClientWebSocketResponse:
        try:
            await self._ari.over_http.request(_SIGN_OF_LIFE, self._timing.open_s)
        except AriError as error:
            raise Lost(f"Asterisk is not there ({error.reason or type(error).__name__})") from error
        names = ",".join(quote(name, safe="") for name in self.applications)
        url = f"{self._ari.url.replace('http', 'ws', 1)}/events?app={names}"
        try:
            async with asyncio.timeout(self._timing.open_s):
                return await http.ws_connect(
                    url,
                    headers={"Authorization": self._ari.authorization},
                    autoping=False,
                    # Our own requests never ask for long lists over the socket, but an event may carry a long one.
                    max_msg_size=0,
                    timeout=aiohttp.ClientWSTimeout(ws_close=0.5),
                )
        except aiohttp.WSServerHandshakeError as error:
            raise Refused(advice(error.status)) from error
        except (TimeoutError, OSError, aiohttp.ClientError) as error:
            if isinstance(error, TimeoutError):
                self._given_up.append(asyncio.get_running_loop().time())
            raise Lost(f"Asterisk is not there ({type(error).__name__})") from error

    async def _go_live(self) -> None:
        """Resync, then deliver what came meanwhile, then everything as it comes."""
        try:
            async with asyncio.timeout(self._timing.resync_s):
                for name in self.applications:
                    await self._filter(name)
                await self._on_connected()
        except ApplicationReplacedError:
            raise
        except Exception as error:
            log.exception("ari_resync_failed")
            raise Lost(f"resync failed ({type(error).__name__})") from error
        # No await from here on: what is delivered stays in order.
        held, self._held = self._held, []
        for event in held:
            self._deliver(event)
        self._live = True
        self._up.set(1)
        self._complaint.over()
        log.info("ari_connected", applications=self.applications, held_events=len(held))

    async def _filter(self, name: str) -> None:
        try:
            await self._ari.filter_events(name)
        except ApplicationReplacedError:
            raise
        except AriError as error:
            # Only a saving: without it we ignore the events ourselves.
            log.warning("ari_filter_failed", application=name, error=str(error))

    async def _watch(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        while True:
            await asyncio.sleep(self._timing.ping_s)
            self._ping += 1
            self._pong.clear()
            try:
                async with asyncio.timeout(self._timing.pong_s):
                    await socket.ping(str(self._ping).encode())
                    await self._pong.wait()
            except TimeoutError:
                # If it was this process that was frozen, the pong lies in the socket: let the reader have its turn.
                await asyncio.sleep(min(0.05, self._timing.pong_s))
                if not self._pong.is_set():
                    raise self._down("no answer to a ping") from None
            except (OSError, aiohttp.ClientError) as error:
                raise self._down(f"cannot send a ping ({type(error).__name__})") from error

    # --- reading -----------------------------------------------------------------------------------------------------------------------

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        while True:
            message = await socket.receive()
            if message.type is aiohttp.WSMsgType.TEXT:
                self._take(message.data)
            elif message.type is aiohttp.WSMsgType.PONG:
                # A late pong is no proof that the connection is alive now.
                if bytes(message.data) == str(self._ping).encode():
                    self._pong.set()
            elif message.type is aiohttp.WSMsgType.PING:
                await socket.pong(message.data)
            elif message.type is aiohttp.WSMsgType.BINARY:
                self._ignore(Malformed(type="", reason="binary message"))
            else:
                # CLOSE, CLOSING, CLOSED and ERROR; a frozen or vanished peer comes as ERROR, never as an exception.
                raise self._down(f"socket closed ({message.type.name}, {socket.close_code})")

    def _take(self, data: str) -> None:
        """One message: an answer to a request, or an event."""
        try:
            message = wire.decode(data)
            if message.get("type") == wire.REST_RESPONSE:
                if not self._rest.answer(*wire.response(message)):
                    self._count("late_response")
                return
        except Unreadable as error:
            self._ignore(Malformed(type="", reason=str(error)))
            return
        event = parse(message)
        _received(type(event).__name__).inc()
        if isinstance(event, Unknown | Malformed):
            self._ignore(event)
        elif isinstance(event, ApplicationReplaced) and event.application not in self._adopted:
            self._replaced()
        elif self._live:
            self._deliver(event)
        else:
            self._held.append(event)

    def _replaced(self) -> None:
        now = asyncio.get_running_loop().time()
        self._given_up = [at for at in self._given_up if now - at < self._timing.late_s]
        if self._given_up:
            # Each can do so once. Should it have been another process after all, it loses the name to us and stops.
            self._given_up.pop()
            raise self._down("an earlier attempt to connect came through late")
        self._ari.stop_acting()
        log.error("ari_application_replaced", application=self._ari.app, advice="another process uses this worker's name; this one stops")
        if self._on_replaced is not None:
            self._on_replaced()
        raise ApplicationReplacedError("events", reason=self._ari.app)

    def _deliver(self, event: Event) -> None:
        if isinstance(event, ApplicationReplaced) and event.application in self._adopted:
            # The worker whose name we had adopted is back.
            self._adopted.remove(event.application)
            log.warning("ari_adoption_ended", application=event.application)
        try:
            self._switchboard.deliver(event)
        except Exception:
            # A fault in one call's handling must not cost every call its socket.
            log.exception("ari_event_handler_failed", event_type=type(event).__name__)
            self._count("handler_failed")

    def _ignore(self, event: Unknown | Malformed) -> None:
        if isinstance(event, Malformed):
            log.warning("ari_event_malformed", event_type=event.type, reason=event.reason)
            self._count("malformed")
        else:
            log.debug("ari_event_unknown", event_type=event.type)
            self._count("unknown")

    def _count(self, reason: str) -> None:
        metrics.events_ignored_total.labels(reason).inc()


async def _apart(session: Coroutine[None, None, None]) -> None:
    """Run it in a task of its own, awaited here and nowhere else.

    In the task that waits for a TaskGroup a cancellation is forgotten if a child fails in the same moment (Python 3.11): the supervisor
    could not be stopped.
    """
    task = asyncio.create_task(session, name="ari session")
    try:
        await asyncio.wait({task})
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait({task})
            if not task.cancelled():
                # It failed while being cancelled; looked at, so that asyncio does not complain.
                task.exception()
    await task


def _first(group: BaseExceptionGroup[BaseException], kind: type[E]) -> E | None:
    """An exception of this kind, however deep in the group."""
    for error in group.exceptions:
        if isinstance(error, kind):
            return error
        if isinstance(error, BaseExceptionGroup) and (found := _first(error, kind)) is not None:
            return found
    return None


async def _close(socket: aiohttp.ClientWebSocketResponse) -> None:
    """Close politely, but never wait for a dead peer."""
    try:
        async with asyncio.timeout(1.0):
            await socket.close()
    except TimeoutError:
        pass
