"""The ordinary path, once against the real Asterisk and once against the fake one: what holds for both makes the fake worth trusting."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

import pytest

from ivr.ari import BadRequest, Conflict, Gone, NotFound, OutcomeUnknown, Request, StasisEnd, StasisStart
from tests.integration.ari.server import AriAsterisk
from tests.kit.ari_client import Server, connect, expect
from tests.kit.ari_fake import Answer, FakeAsterisk, channel, event


class Scripted(FakeAsterisk):
    """A fake that knows one call and the answers that matter here."""

    async def call(self, application: str, channel_id: str) -> None:
        """A call arrives, and is hung up when asked."""
        self.handle = self._act
        self._application, self._channel = application, channel(channel_id)
        await self.send(event("StasisStart", application=application, args=["call", "direct"], channel=self._channel))

    async def _act(self, request: str, query: Mapping[str, str]) -> Answer:
        known = f"channels/{self._channel['id']}"
        if request == f"GET {known}":
            return 200, self._channel
        if request == f"DELETE {known}":
            if query["reason"] not in {"normal", "busy"}:
                return 400, {"message": "Invalid reason"}
            await self.send(event("StasisEnd", application=self._application, channel=self._channel))
            return 204, None
        if request.startswith("POST bridges/none/"):
            return 404, {"message": "Bridge not found"}
        if request == "POST bridges/b-ordinary":
            return (409, {"message": "exists"}) if self.requests.count(self.requests[-1]) > 1 else (200, _bridge(query))
        if request == "POST bridges/b-ordinary/addChannel":
            return 400, {"message": "Channel not found"}
        if request.startswith("GET asterisk"):
            return 200, {"ping": "pong"}
        return 404, {"message": "Channel not found"}


def _bridge(query: Mapping[str, str]) -> dict[str, object]:
    return {"id": "b-ordinary", "bridge_type": query["type"], "name": query.get("name", ""), "channels": []}


@pytest.fixture(params=["real", "fake"])
async def server(request: pytest.FixtureRequest) -> AsyncIterator[AriAsterisk | Scripted]:
    """Either."""
    if request.param == "real":
        yield request.getfixturevalue("asterisk")
        return
    async with Scripted() as fake:
        yield fake


async def _call(server: Server, application: str, channel_id: str) -> None:
    if isinstance(server, AriAsterisk):
        server.call("quiet", f"direct-{application}", channel_id)
    else:
        assert isinstance(server, Scripted)
        await server.call(application, channel_id)


async def test_a_call_comes_and_is_hung_up(server: AriAsterisk | Scripted, name: str) -> None:
    """Events, a request over the socket, a request over HTTP, and each ordinary error."""
    async with connect(server, name) as client:
        ari, bridge_id = client.ari, "b-ordinary"
        mailbox = client.mailbox(f"{name}-c1")
        await _call(server, name, f"{name}-c1")
        started = await expect(mailbox, StasisStart)
        assert (started.args, started.application, started.channel.state) == (("call", "direct"), name, "Up")
        assert started.at is not None
        found = await ari.channel(started.channel.id)
        assert found is not None
        assert found.id == started.channel.id
        with pytest.raises(BadRequest):
            await ari.hangup(started.channel.id, "tired")
        with pytest.raises(NotFound):
            await ari.add_to_bridge("none", started.channel.id)
        assert (await ari.create_bridge(bridge_id, "mixing", "talk")).id == bridge_id
        with pytest.raises(Conflict):
            await ari.create_bridge(bridge_id, "mixing", "talk")
        with pytest.raises(Gone):
            await ari.add_to_bridge(bridge_id, f"{name}-never")
        assert await ari.hangup(started.channel.id, "busy")
        ended = await expect(mailbox, StasisEnd)
        assert ended.channel.id == started.channel.id
        assert not await ari.hangup(f"{name}-never")
        await ari.destroy_bridge(bridge_id)


async def test_both_ways_give_the_same_answers(server: AriAsterisk | Scripted, name: str) -> None:
    """The same request over the socket and over HTTP."""
    async with connect(server, name) as client:
        mailbox = client.mailbox(f"{name}-c1")
        await _call(server, name, f"{name}-c1")
        await expect(mailbox, StasisStart)
        for method, uri in (("GET", f"channels/{name}-c1"), ("GET", "channels/nobody"), ("POST", "channels/nobody/answer")):
            request = Request(operation="x", method=method, uri=uri)
            over_http = await client.ari.over_http.request(request, 2)
            over_socket = await client.connection.request(request, 2)
            assert over_socket == over_http


async def test_a_request_that_takes_too_long_has_an_unknown_outcome(server: AriAsterisk | Scripted, name: str) -> None:
    """Over either way."""
    async with connect(server, name) as client:
        for transport in (client.connection, client.ari.over_http):
            with pytest.raises(OutcomeUnknown):
                await transport.request(Request(operation="x", method="GET", uri="asterisk/ping"), 0.00001)
