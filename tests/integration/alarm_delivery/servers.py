"""The far ends: a web server and a mail server of the test's own, on loopback."""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import email
import email.policy
import ipaddress
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """A request as it came."""

    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        """What it says it is."""
        return self.headers["webhook-id"]


@dataclass(slots=True)
class Hooks:
    """A web server; `answers` are used up one after another, then it says 200."""

    url: str = ""
    posted: list[Posted] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    #: While it is not set, whoever posts waits.
    free: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, request: web.Request) -> web.Response:
        if request.method == "HEAD":
            return web.Response(status=404)
        self.posted.append(Posted(headers={name.lower(): value for name, value in request.headers.items()}, body=await request.read()))
        await self.free.wait()
        return web.Response(status=self.answers.pop(0) if self.answers else 200, headers={"Location": "/elsewhere"})


@asynccontextmanager
async def hooks() -> AsyncIterator[Hooks]:
    """Serve until the end of the block."""
    here = Hooks()
    here.free.set()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", here.take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    here.url = f"http://127.0.0.1:{runner.addresses[0][1]}/room/token-of-the-room"
    try:
        yield here
    finally:
        await runner.cleanup()


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A mail that was accepted."""

    sender: str
    recipients: tuple[str, ...]
    mail: EmailMessage
    encrypted: bool
    user: str


@dataclass(slots=True)
class MailServer:
    """As much of RFC 5321, 3207 and 4954 as a client needs to be held to."""

    tls: ssl.SSLContext | None = None
    user: str = ""
    password: str = ""
    refused: frozenset[str] = frozenset()
    #: Accepts the connection and says nothing.
    silent: bool = False
    #: One line of greeting in pieces, never to its end.
    dripping: bool = False
    #: Takes nothing for now.
    greylisted: bool = False
    port: int = 0
    #: Connected just now.
    clients: int = 0
    said: list[str] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client until it goes."""
        self.clients += 1
        try:
            if self.silent:
                await reader.read()
            elif self.dripping:
                while not reader.at_eof():
                    writer.write(b"220-")
                    await writer.drain()
                    await asyncio.sleep(0.05)
            else:
                await _Session(self, reader, writer).run()
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        finally:
            self.clients -= 1
            writer.close()


class _Session:
    def __init__(self, server: MailServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._server, self._reader, self._writer = server, reader, writer
        self._encrypted, self._user, self._sender = False, "", ""
        self._recipients: list[str] = []

    async def _say(self, line: str) -> None:
        self._writer.write(f"{line}\r\n".encode())
        await self._writer.drain()

    async def run(self) -> None:
        await self._say("220 test ESMTP")
        while line := (await self._reader.readline()).decode().rstrip("\r\n"):
            self._server.said.append(line.partition(" ")[0].upper())
            word, _, rest = line.partition(" ")
            if (answer := await self._answer(word.upper(), rest)) is None:
                return
            if answer:
                await self._say(answer)

    async def _answer(self, word: str, rest: str) -> str | None:  # noqa: PLR0911
        match word:
            case "EHLO":
                offers = ["STARTTLS"] * (self._server.tls is not None and not self._encrypted) + ["AUTH PLAIN"] * bool(self._server.user)
                for offer in ("test greets you", *offers):
                    await self._say(f"250-{offer}")
                return "250 8BITMIME"
            case "STARTTLS" if self._server.tls is not None:
                await self._say("220 go ahead")
                await self._writer.start_tls(self._server.tls)
                self._encrypted = True
                return ""
            case "AUTH":
                _, user, password = base64.b64decode(rest.split()[1]).decode().split("\0")
                if (user, password) != (self._server.user, self._server.password):
                    return f"535 no {user}"
                self._user = user
                return "235 welcome"
            case "MAIL" if self._server.user and not self._user:
                return "530 sign in first"
            case "MAIL" if self._server.greylisted:
                return "451 later"
            case "MAIL":
                self._sender, self._recipients = _address(rest), []
                return "250 ok"
            case "RCPT" if _address(rest) in self._server.refused:
                return f"550 no such mailbox {_address(rest)}"
            case "RCPT":
                self._recipients.append(_address(rest))
                return "250 ok"
            case "DATA":
                await self._say("354 go on")
                content = await self._reader.readuntil(b"\r\n.\r\n")
                mail = email.message_from_bytes(content[:-3].replace(b"\r\n..", b"\r\n."), policy=email.policy.default)
                assert isinstance(mail, EmailMessage)
                self._server.received.append(
                    Received(sender=self._sender, recipients=tuple(self._recipients), mail=mail, encrypted=self._encrypted, user=self._user)
                )
                return "250 taken"
            case "RSET" | "NOOP":
                return "250 ok"
            case "QUIT":
                await self._say("221 bye")
                return None
            case _:
                return "502 what?"


@asynccontextmanager
async def mail_server(here: MailServer) -> AsyncIterator[MailServer]:
    """Serve until the end of the block."""
    tasks: set[asyncio.Task[None]] = set()

    def client(work: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]) -> object:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            tasks.add(task)
            try:
                await work(reader, writer)
            except asyncio.CancelledError:
                pass
            finally:
                tasks.discard(task)

        return serve

    server = await asyncio.start_server(client(here.talk), "127.0.0.1", 0)  # type: ignore[arg-type]
    here.port = server.sockets[0].getsockname()[1]
    try:
        yield here
    finally:
        server.close()
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def certificate(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """A server's side of TLS for 127.0.0.1, and the file by which a client trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / "server.crt", folder / "server.key"
    public.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    return context, public


def _address(rest: str) -> str:
    return rest.partition("<")[2].partition(">")[0]
