"""The fault proxies do what they are told to the bytes that pass."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import cast

import pytest

from tests.kit.proxy import TcpProxy, UdpProxy
from tests.kit.until import until


@pytest.fixture
async def echo_port() -> AsyncIterator[int]:
    """A TCP server that sends back what it gets."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(1000):
                writer.write(data)
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def test_it_forwards(echo_port: int) -> None:
    """Both directions, several connections."""
    async with TcpProxy(echo_port) as proxy:
        # A connection nobody refers to any more is closed by the event loop.
        connections = [await asyncio.open_connection("127.0.0.1", proxy.port) for _ in range(3)]
        for reader, writer in connections:
            writer.write(b"hello")
            assert await reader.readexactly(5) == b"hello"
        assert proxy.connections == proxy.accepted == 3


async def test_a_cut_is_seen_at_once_and_the_next_connection_works(echo_port: int) -> None:
    """Reset and orderly close are different, and neither is for ever."""
    async with TcpProxy(echo_port) as proxy:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        await until(lambda: proxy.connections == 1)
        proxy.cut()
        with pytest.raises(ConnectionResetError):
            await asyncio.wait_for(reader.read(), 10)
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writer.write(b"x")
        assert await reader.readexactly(1) == b"x"
        proxy.cut(reset=False)
        assert await asyncio.wait_for(reader.read(), 10) == b""


async def test_a_black_hole_swallows_until_it_is_healed(echo_port: int) -> None:
    """Nothing comes back, no end is seen; afterwards what was held back arrives."""
    async with TcpProxy(echo_port) as proxy:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writer.write(b"a")
        assert await reader.readexactly(1) == b"a"
        proxy.black_hole()
        writer.write(b"b")
        late_reader, late_writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        late_writer.write(b"c")
        for silent in (reader, late_reader):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(silent.read(1), 0.2)
        proxy.heal()
        assert await asyncio.wait_for(reader.readexactly(1), 10) == b"b"
        assert await asyncio.wait_for(late_reader.readexactly(1), 10) == b"c"


async def test_a_closed_port_refuses(echo_port: int) -> None:
    """Refusing and accepting again on the same port."""
    async with TcpProxy(echo_port) as proxy:
        await proxy.refuse()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", proxy.port)
        await proxy.accept()
        await asyncio.open_connection("127.0.0.1", proxy.port)


async def test_a_delay_is_kept(echo_port: int) -> None:
    """There and back takes twice the delay."""
    async with TcpProxy(echo_port) as proxy:
        proxy.delay(0.1)
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        begin = time.monotonic()
        writer.write(b"x")
        await reader.readexactly(1)
        assert time.monotonic() - begin >= 0.2


async def test_udp_is_forwarded_lost_and_dropped() -> None:
    """Loss by share, by choice, and altogether."""
    received: list[bytes] = []

    class Server(asyncio.DatagramProtocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            # asyncio's own is no subclass of what its documentation names.
            self.transport = cast("asyncio.DatagramTransport", transport)

        def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
            received.append(data)
            self.transport.sendto(data.upper(), addr)

    class Client(asyncio.DatagramProtocol):
        def __init__(self) -> None:
            self.answers: list[bytes] = []

        def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
            self.answers.append(data)

    loop = asyncio.get_running_loop()
    server, _ = await loop.create_datagram_endpoint(Server, local_addr=("127.0.0.1", 0))
    async with UdpProxy(server.get_extra_info("sockname")[1]) as proxy:
        transport, client = await loop.create_datagram_endpoint(Client, remote_addr=("127.0.0.1", proxy.port))
        transport.sendto(b"one")
        await until(lambda: client.answers == [b"ONE"])
        proxy.drop = lambda data, to_target: to_target and data == b"two"
        transport.sendto(b"two")
        transport.sendto(b"three")
        await until(lambda: client.answers[-1] == b"THREE")
        assert received == [b"one", b"three"]
        proxy.black_hole()
        transport.sendto(b"four")
        proxy_quiet = proxy.forwarded
        proxy.heal()
        proxy.loss = 0.5
        for _ in range(200):
            transport.sendto(b"x")
            await asyncio.sleep(0)
        await until(lambda: received.count(b"x") > 60)
        assert received.count(b"x") < 140
        assert proxy.forwarded > proxy_quiet
        transport.close()
    server.close()
