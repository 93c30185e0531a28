"""E-mail by SMTP. The standard library's client blocks, so it works in a thread of this channel's own; it is never waited for longer than told.

Encryption comes before anything is said (RFC 3207), with the certificate checked, or nothing is said. A message's id is the same for every
attempt, by which mail programs tell a repetition.
"""

from __future__ import annotations

import asyncio
import contextlib
import smtplib
import socket
import ssl
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from email.message import EmailMessage
from email.utils import format_datetime
from typing import TypeVar

from core.clock import seoul
from core.settings_alarms import MailSettings
from helpline.alarm_delivery import secret
from helpline.alarm_delivery.model import Message, NotDelivered

T = TypeVar("T")
#: What of an attempt's time its slowest single step may take.
_STEP = 0.5
#: How long a thread whose socket was shut may take to notice.
_ABORT_S = 2.0


class Mail:
    """See the module."""

    def __init__(self, name: str, settings: MailSettings) -> None:
        self._name = f"mail.{name}"
        self._settings = settings
        # One thread: if a name server keeps it, the next attempt waits its turn and is given up, and threads don't pile up.
        self._threads = ThreadPoolExecutor(max_workers=1, thread_name_prefix=self._name)

    @property
    def name(self) -> str:
        """See `Channel.name`."""
        return self._name

    @property
    def limit_s(self) -> float:
        """See `Channel.limit_s`."""
        return self._settings.timeout_s + 2 * _ABORT_S

    async def send(self, message: Message) -> str:
        """See `Channel.send`."""
        mail = letter(message, self._settings)
        refused = await self._talk(lambda server: server.send_message(mail))
        if not refused:
            return ""
        return f"{len(refused)} of {len(self._settings.recipients)} recipients were refused"

    async def check(self) -> str:
        """Whether the server lets us in."""
        await self._talk(lambda server: server.noop())
        return f"{self._settings.host} lets us in"

    async def _talk(self, work: Callable[[smtplib.SMTP], T]) -> T:
        """Do it with a server that knows us. Raises `NotDelivered`."""
        settings = self._settings
        password = await secret.read(settings.password, settings.password_file) if settings.user else ""
        line = _Line(settings, password)
        answer = asyncio.get_running_loop().run_in_executor(self._threads, line.talk, work)
        try:
            done, _ = await asyncio.wait({answer}, timeout=settings.timeout_s)
            if not done:
                line.cut()
                await asyncio.wait({answer}, timeout=_ABORT_S)
                raise NotDelivered(f"no answer within {settings.timeout_s:g} s")
        finally:
            if not answer.done():
                line.cut()
                answer.cancel()
        try:
            return answer.result()
        except (smtplib.SMTPException, OSError, ValueError) as error:
            raise NotDelivered(_reason(error)) from None


class _Line:
    """One connection, which another thread may cut."""

    def __init__(self, settings: MailSettings, password: str) -> None:
        self._settings = settings
        self._password = password
        self._server: smtplib.SMTP | None = None
        self._cut = threading.Event()

    def talk(self, work: Callable[[smtplib.SMTP], T]) -> T:
        settings = self._settings
        if self._cut.is_set():
            raise smtplib.SMTPServerDisconnected
        step_s = settings.timeout_s * _STEP
        context = None if settings.tls == "none" else _context(settings)
        server = smtplib.SMTP_SSL(timeout=step_s, context=context) if settings.tls == "tls" else smtplib.SMTP(timeout=step_s)
        self._server = server
        # By the constructor it would connect before anybody could cut it; the name is what the certificate must show.
        server._host = settings.host  # type: ignore[attr-defined]  # noqa: SLF001
        try:
            status, _ = server.connect(settings.host, settings.port)
            if self._cut.is_set() or status != 220:
                raise smtplib.SMTPConnectError(status, b"")
            if settings.tls == "starttls":
                # Raises if the server does not offer it.
                server.starttls(context=context)
            if settings.user:
                server.login(settings.user, self._password)
            result = work(server)
            with contextlib.suppress(smtplib.SMTPException, OSError):
                server.quit()
            return result
        finally:
            server.close()

    def cut(self) -> None:
        """Whatever it waits for ends now."""
        self._cut.set()
        sock: socket.socket | None = getattr(self._server, "sock", None)
        if sock is not None:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)


def letter(message: Message, settings: MailSettings) -> EmailMessage:
    """The mail. Raises nothing: the addresses were checked with the settings."""
    mail = EmailMessage()
    mail["Subject"] = message.title
    mail["From"] = settings.sender
    mail["To"] = ", ".join(settings.recipients)
    mail["Date"] = format_datetime(seoul(message.at))
    mail["Message-ID"] = f"<{message.key}@{settings.sender.rpartition('@')[2]}>"
    # Nobody's holiday note is to answer this (RFC 3834).
    mail["Auto-Submitted"] = "auto-generated"
    if message.urgent:
        mail["Importance"] = "high"
    mail.set_content(message.text, charset="utf-8", cte="base64")
    return mail


def _context(settings: MailSettings) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(settings.ca_file) if settings.ca_file else None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _reason(error: Exception) -> str:
    """What went wrong, without what the server said: that may hold an address."""
    match error:
        case smtplib.SMTPAuthenticationError():
            return "the server refuses user or password"
        case smtplib.SMTPRecipientsRefused():
            return "the server refuses every recipient"
        case smtplib.SMTPSenderRefused(smtp_code=code) | smtplib.SMTPDataError(smtp_code=code):
            return f"the server refuses the mail ({code})"
        case smtplib.SMTPNotSupportedError():
            return "the server does not offer what is needed (STARTTLS, sign-in)"
        case ssl.SSLCertVerificationError():
            return "its certificate is not good"
        case TimeoutError() | smtplib.SMTPServerDisconnected():
            return "no answer in time, or the server hung up"
        case _:
            return f"can't be reached ({type(error).__name__})"
