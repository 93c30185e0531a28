"""Every ARI operation that we use, and over which of the two transports it travels: the one place where that is decided.

Two ways lead into Asterisk. Requests on the event WebSocket are the faster and, under load, by far the steadier way, but Asterisk serves
them one after another in the thread that also answers our pings: a request that waits (behind a playback, for a channel's thread) holds
up every other call, and after four seconds looks like a dead connection. So whatever may wait for a channel's own thread goes over HTTP,
and so do long answers (lists), which would otherwise delay events. `tests/integration/ari/test_operations.py` holds each
operation of the socket against a channel that hears a prompt.

While the socket is down, operations marked `SOCKET` go over HTTP at once instead of failing: Asterisk keeps the channels of an
application whose socket is lost, so a prompt, a bridge or a hang-up reaches the human now, not after the reconnect.

`retry`: doing it twice is the same as once, so after a 5xx, a time-out or a lost connection it is tried once more (over HTTP).
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass


class Way(enum.Enum):
    """A transport."""

    #: RESTRequest/RESTResponse on the event WebSocket: fast, but one after another.
    SOCKET = "websocket"
    #: A pooled keep-alive connection: nobody waits for anybody.
    HTTP = "http"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One row of the table: `query` and `body` are the names that we may send, `needs` those that we always send."""

    name: str
    method: str
    #: As in Asterisk's api-docs, with `{name}` for each path parameter.
    path: str
    way: Way
    #: Seconds until the outcome counts as unknown.
    timeout_s: float = 2.0
    retry: bool = False
    needs: tuple[str, ...] = ()
    query: tuple[str, ...] = ()
    body: tuple[str, ...] = ()
    #: A 400 with this in its reason means that a channel no longer exists.
    gone_when: str = ""


def _table(*operations: Operation) -> Mapping[str, Operation]:
    return {operation.name: operation for operation in operations}


_S, _H = Way.SOCKET, Way.HTTP

# One operation in as few lines as it takes, so that it reads as the table it is.
# fmt: off
OPERATIONS: Mapping[str, Operation] = _table(
    # Not retried: after a claim whose outcome is unknown the StasisStart tells whether we have the call.
    Operation(name="claim", method="POST", path="/events/claim", way=_S, needs=("channelId", "application")),
    Operation(name="ring", method="POST", path="/channels/{channelId}/ring", way=_S, retry=True),
    Operation(name="ring_stop", method="DELETE", path="/channels/{channelId}/ring", way=_S, retry=True),
    Operation(name="hangup", method="DELETE", path="/channels/{channelId}", way=_S, retry=True, query=("reason",)),
    Operation(name="move_to_dialplan", method="POST", path="/channels/{channelId}/continue", way=_S, retry=True,
              query=("context", "extension", "priority")),
    # Not retried: the caller would hear it twice.
    Operation(name="play_on_channel", method="POST", path="/channels/{channelId}/play/{playbackId}", way=_S, needs=("media",),
              query=("lang",)),
    Operation(name="play_on_bridge", method="POST", path="/bridges/{bridgeId}/play/{playbackId}", way=_S, needs=("media",),
              query=("lang",)),
    Operation(name="stop_playback", method="DELETE", path="/playbacks/{playbackId}", way=_S, retry=True),
    Operation(name="create_bridge", method="POST", path="/bridges/{bridgeId}", way=_S, retry=True, query=("type", "name")),
    Operation(name="destroy_bridge", method="DELETE", path="/bridges/{bridgeId}", way=_S, retry=True),
    Operation(name="start_bridge_music", method="POST", path="/bridges/{bridgeId}/moh", way=_S, retry=True, query=("mohClass",)),
    Operation(name="stop_bridge_music", method="DELETE", path="/bridges/{bridgeId}/moh", way=_S, retry=True),
    # Not retried: 500 "Allocation failed" is an answer (the phone cannot be reached), and a second try after a time-out meets 409. To a
    # phone of the house it may wait for the database behind Asterisk's phones, but then we have no counsellor reserved and do not get here;
    # a number behind a trunk is in Asterisk's own files (pjsip.conf, disable_multi_domain).
    Operation(name="originate", method="POST", path="/channels/{channelId}", way=_S, timeout_s=4.0, needs=("endpoint", "app", "timeout"),
              query=("appArgs", "callerId", "originator", "formats"), body=("variables",), gone_when="originator"),
    Operation(name="ping", method="GET", path="/asterisk/ping", way=_S),

    # These wait for the channel's own thread; with a prompt playing, until its end.
    Operation(name="answer", method="POST", path="/channels/{channelId}/answer", way=_H, retry=True),
    Operation(name="add_to_bridge", method="POST", path="/bridges/{bridgeId}/addChannel", way=_H, timeout_s=5.0,
              needs=("channel",), query=("role",), gone_when="channel not found"),
    Operation(name="remove_from_bridge", method="POST", path="/bridges/{bridgeId}/removeChannel", way=_H, timeout_s=5.0,
              needs=("channel",), gone_when="channel not found"),
    Operation(name="snoop", method="POST", path="/channels/{channelId}/snoop/{snoopId}", way=_H, retry=True, needs=("app",),
              query=("spy", "whisper")),
    Operation(name="set_variable", method="POST", path="/channels/{channelId}/variable", way=_H, retry=True,
              needs=("variable",), query=("value",)),
    Operation(name="get_variable", method="GET", path="/channels/{channelId}/variable", way=_H, retry=True, needs=("variable",)),
    Operation(name="send_dtmf", method="POST", path="/channels/{channelId}/dtmf", way=_H, query=("dtmf", "between", "duration")),
    # What is asked where an answer on the socket is overdue.
    Operation(name="channel", method="GET", path="/channels/{channelId}", way=_H, retry=True),
    # These may answer at length, or are sent once in a connection's life.
    Operation(name="channels", method="GET", path="/channels", way=_H, timeout_s=5.0, retry=True),
    Operation(name="bridges", method="GET", path="/bridges", way=_H, timeout_s=5.0, retry=True),
    Operation(name="application", method="GET", path="/applications/{applicationName}", way=_H, timeout_s=5.0, retry=True),
    Operation(name="endpoints", method="GET", path="/endpoints/{tech}", way=_H, timeout_s=5.0, retry=True),
    Operation(name="endpoint", method="GET", path="/endpoints/{tech}/{resource}", way=_H, retry=True),
    Operation(name="filter_events", method="PUT", path="/applications/{applicationName}/eventFilter", way=_H, retry=True,
              body=("filter",)),
    Operation(name="asterisk_info", method="GET", path="/asterisk/info", way=_H, retry=True),
)
# fmt: on
