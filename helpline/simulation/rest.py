"""Asterisk's REST interface over the simulated Asterisk: the requests of `ivr.ari.operations`, with the measured answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import unquote

from helpline.simulation.asterisk import Asterisk
from helpline.simulation.loop import BEGINNING
from helpline.simulation.switch import Application, Bridge, Channel, Playback, Reply, stamp

Query = Mapping[str, str]
Body = Mapping[str, object]

VERSION = "22.10.1"


def serve(asterisk: Asterisk, method: str, uri: str, query: Query, body: Body, reply: Reply) -> None:
    """Do what a request asks for; `reply(status, body)` comes at once, or after the prompt that holds the channel up."""
    parts = [unquote(part) for part in uri.split("/")]
    match method, parts:
        case "POST", ["events", "claim"]:
            _claim(asterisk, query, reply)
        case _, ["channels", *rest]:
            _channels(asterisk, method, rest, query, body, reply)
        case _, ["bridges", *rest]:
            _bridges(asterisk, method, rest, query, body, reply)
        case "DELETE", ["playbacks", playback_id]:
            playback = asterisk.playbacks.get(playback_id)
            if playback is None:
                _no(reply, 404, "Playback not found")
            else:
                reply(204, None)
                asterisk.finish(playback, "done")
        case _, ["applications", name, *_]:
            _applications(asterisk, name, reply)
        case "GET", ["endpoints", _]:
            reply(200, [_endpoint(asterisk, extension) for extension in asterisk.phones])
        case "GET", ["endpoints", _, extension] if extension in asterisk.phones:
            reply(200, _endpoint(asterisk, extension))
        case "GET", ["asterisk", "info"]:
            reply(200, {"system": {"version": VERSION, "entity_id": "simulated"}, "status": {"startup_time": stamp(asterisk.started)}})
        case "GET", ["asterisk", "ping"]:
            reply(200, {"asterisk_id": "simulated", "ping": "pong", "timestamp": BEGINNING.isoformat()})
        case _:
            _no(reply, 404, "Resource not found")


def _no(reply: Reply, status: int, message: str) -> None:
    reply(status, {"message": message})


def _endpoint(asterisk: Asterisk, extension: str) -> dict[str, object]:
    name = f"PJSIP/{extension}"
    channels = [channel.id for channel in asterisk.channels.values() if channel.endpoint == name]
    state = "online" if asterisk.phones[extension] else "offline"
    return {"technology": "PJSIP", "resource": extension, "state": state, "channel_ids": channels}


def _claim(asterisk: Asterisk, query: Query, reply: Reply) -> None:
    channel = asterisk.channels.get(query["channelId"])
    if channel is None:
        _no(reply, 404, "Channel not found")
    elif asterisk.dialplan.claim(channel, query["application"]):
        reply(204, None)
    else:
        _no(reply, 409, "Channel already claimed")


def _channels(asterisk: Asterisk, method: str, rest: list[str], query: Query, body: Body, reply: Reply) -> None:
    if not rest:
        reply(200, [channel.wire() for channel in asterisk.channels.values()])
        return
    channel = asterisk.channels.get(rest[0])
    if method == "POST" and len(rest) == 1:
        _originate(asterisk, rest[0], query, reply)
        return
    if channel is None:
        _no(reply, 404, "Channel not found")
        return
    if method == "GET" and len(rest) == 1:
        reply(200, channel.wire())
        return
    if method == "DELETE" and len(rest) == 1:
        cause = asterisk.reason(query.get("reason", "normal"))
        if cause is None:
            _no(reply, 400, "Invalid reason for hangup")
            return
        reply(204, None)
        asterisk.end(channel, cause, by="program")
        return
    if method == "POST" and rest[1] == "snoop":
        if rest[2] in asterisk.channels:
            _no(reply, 500, "Snoop channel could not be created")
        else:
            reply(200, asterisk.whisper(channel, rest[2], query["app"]).wire())
        return
    if not channel.in_stasis:
        _no(reply, 409, "Channel not in Stasis application")
        return
    match method, rest[1:]:
        case "POST", ["answer"]:
            _behind(channel, lambda: _answer(asterisk, channel), reply)
        case "POST" | "DELETE", ["ring"]:
            channel.ringback = method == "POST"
            reply(204, None)
        case "POST", ["continue"]:
            reply(204, None)
            asterisk.dialplan.take(channel, query.get("context", ""))
        case "POST", ["play", playback_id]:
            _play(asterisk, channel, f"channel:{channel.id}", channel.app, playback_id, body, query, reply)
        case "POST", ["variable"]:
            _behind(channel, lambda: None, reply)
        case "GET", ["variable"]:
            _no(reply, 404, "Provided variable was not found")
        case "POST", ["dtmf"]:
            reply(204, None)
        case _:
            _no(reply, 404, "Resource not found")


def _answer(asterisk: Asterisk, channel: Channel) -> None:
    if channel.state != "Up":
        channel.state, channel.ringback = "Up", False
        asterisk.emit(channel.app, "ChannelStateChange", channel=channel.wire())


def _originate(asterisk: Asterisk, channel_id: str, query: Query, reply: Reply) -> None:
    originator = query.get("originator")
    if channel_id in asterisk.channels:
        _no(reply, 409, "Channel with given unique ID already exists")
    elif originator and originator not in asterisk.channels:
        _no(reply, 400, "Provided originator channel was not found")
    else:
        leg = asterisk.originate(
            channel_id, query["endpoint"], query["app"], query.get("appArgs", ""), int(query["timeout"]), query.get("callerId", "")
        )
        if leg is None:
            _no(reply, 500, "Allocation failed")
        else:
            reply(200, leg.wire())


def _play(
    asterisk: Asterisk, onto: Channel | Bridge, target: str, app: str, playback_id: str, body: Body, query: Query, reply: Reply
) -> None:
    if playback_id in asterisk.playbacks:
        _no(reply, 409, "Playback already exists")
        return
    playback = Playback(playback_id, str(body.get("media") or query.get("media", "")).split(","), target, app)
    reply(201, {"id": playback_id, "state": "queued", "target_uri": target, "media_uri": playback.media[0]})
    asterisk.play(playback, onto)


def _behind(channel: Channel, act: Callable[[], None], reply: Reply) -> None:
    """Now, or when the channel's thread is done with its prompts; an impatient client does not cancel it."""

    def request() -> None:
        if channel.gone:
            _no(reply, 404, "Channel not found")
        else:
            act()
            reply(204, None)

    if channel.playbacks:
        channel.behind.append(request)
    else:
        request()


def _bridges(asterisk: Asterisk, method: str, rest: list[str], query: Query, body: Body, reply: Reply) -> None:
    if not rest:
        reply(200, [bridge.wire() for bridge in asterisk.bridges.values()])
        return
    bridge = asterisk.bridges.get(rest[0])
    if method == "POST" and len(rest) == 1:
        if bridge is not None:
            _no(reply, 409, "Bridge with same id already exists")
        else:
            bridge = asterisk.bridges[rest[0]] = Bridge(rest[0], query.get("type", "mixing").partition(",")[0], query.get("name", ""))
            reply(200, bridge.wire())
        return
    if bridge is None:
        _no(reply, 404, "Bridge not found")
        return
    match method, rest[1:]:
        case "GET", []:
            reply(200, bridge.wire())
        case "DELETE", []:
            reply(204, None)
            asterisk.destroy_bridge(bridge)
        case "POST", ["addChannel"]:
            _add(asterisk, bridge, asterisk.channels.get(query["channel"]), reply)
        case "POST", ["removeChannel"]:
            channel = asterisk.channels.get(query["channel"])
            if channel is None:
                _no(reply, 400, "Channel not found")
            elif channel.bridge is not bridge:
                _no(reply, 422, "Channel not in this bridge")
            else:
                asterisk.leave_bridge(channel)
                reply(204, None)
        case "POST" | "DELETE", ["moh"]:
            bridge.music = method == "POST"
            reply(204, None)
        case "POST", ["play", playback_id]:
            if not bridge.channels and bridge.kind == "holding":
                _no(reply, 409, "Bridge not in a Stasis application")
            else:
                app = bridge.channels[0].app if bridge.channels else next(iter(asterisk.applications), "")
                _play(asterisk, bridge, f"bridge:{bridge.id}", app, playback_id, body, query, reply)
        case _:
            _no(reply, 404, "Resource not found")


def _add(asterisk: Asterisk, bridge: Bridge, channel: Channel | None, reply: Reply) -> None:
    if channel is None:
        _no(reply, 400, "Channel not found")
    elif not channel.in_stasis:
        _no(reply, 422, "Channel not in Stasis application")
    elif channel.playbacks:

        def late() -> None:
            _add(asterisk, bridge, asterisk.channels.get(channel.id), reply)

        channel.behind.append(late)
    elif bridge.id not in asterisk.bridges:
        _no(reply, 404, "Bridge not found")
    else:
        asterisk.join_bridge(bridge, channel)
        reply(204, None)


def _applications(asterisk: Asterisk, name: str, reply: Reply) -> None:
    app = asterisk.applications.get(name)
    if app is None:
        _no(reply, 404, "Application not found")
        return
    reply(200, _application(asterisk, app))


def _application(asterisk: Asterisk, app: Application) -> dict[str, object]:
    return {
        "name": app.name,
        "channel_ids": [channel.id for channel in asterisk.channels.values() if channel.app == app.name],
        "bridge_ids": [],
        "endpoint_ids": [],
        "device_names": [],
    }
