"""Words of one call's state machine: its state here, what can happen to it (`happenings`), what it asks for (`commands`). Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from ivr.commands import (
    Alarm,
    Arrange,
    AskPartner,
    AskPlace,
    CallAgain,
    CallerIs,
    CheckCode,
    CloseOffer,
    Command,
    Connect,
    DialDesk,
    DropLeg,
    EndTalk,
    Finish,
    Gather,
    GiveCode,
    HangUp,
    HoldCaller,
    IncidentNote,
    Join,
    Leave,
    Listen,
    MarkSilent,
    Note,
    OverflowOver,
    Play,
    Promised,
    RaiseIncident,
    RaiseLane,
    Reconnect,
    RingCaller,
    RingOutside,
    RingPartner,
    RingStaff,
    SayToLeg,
    Seat,
    SendOn,
    SetLanguage,
    Start,
    Stop,
    StopPlay,
    ToSafetyNet,
    TransferNote,
    Whisper,
)
from ivr.conference import CALM, Conference
from ivr.dialogue_model import Dialogue, Request
from ivr.happenings import (
    CallerGone,
    Connected,
    ConnectFailed,
    DialledAgain,
    DialogueDone,
    Digit,
    Entered,
    Gathered,
    GatherFailed,
    Happening,
    Held,
    HoldFailed,
    LegDigit,
    LegDown,
    LegSaid,
    LegUp,
    OfferGranted,
    Ordered,
    Overflowed,
    PartnerFound,
    Place,
    PlaybackDone,
    PutThroughTo,
    Resumed,
    Spoke,
    TakenAway,
    TimerFired,
    Unattended,
    Unroutable,
)
from ivr.overflow import UNTRIED, Chain
from ivr.phases import Phase, PlaceFor, Question, Timer
from ivr.transfer_model import Transfer
from routing.model import Lane, Offer, Outcome

__all__ = [
    "Alarm",
    "Arrange",
    "AskPartner",
    "AskPlace",
    "Call",
    "CallAgain",
    "CallerGone",
    "CallerIs",
    "CheckCode",
    "CloseOffer",
    "Command",
    "Connect",
    "ConnectFailed",
    "Connected",
    "DialDesk",
    "DialledAgain",
    "DialogueDone",
    "Digit",
    "DropLeg",
    "EndTalk",
    "Entered",
    "Finish",
    "Gather",
    "GatherFailed",
    "Gathered",
    "GiveCode",
    "HangUp",
    "Happening",
    "Held",
    "HoldCaller",
    "HoldFailed",
    "IncidentNote",
    "Join",
    "Leave",
    "LegDigit",
    "LegDown",
    "LegSaid",
    "LegUp",
    "Listen",
    "MarkSilent",
    "Note",
    "OfferGranted",
    "Ordered",
    "OverflowOver",
    "Overflowed",
    "PartnerFound",
    "Phase",
    "Place",
    "PlaceFor",
    "Play",
    "PlaybackDone",
    "Promised",
    "PutThroughTo",
    "Question",
    "RaiseIncident",
    "RaiseLane",
    "Reconnect",
    "Resumed",
    "RingCaller",
    "RingOutside",
    "RingPartner",
    "RingStaff",
    "SayToLeg",
    "Seat",
    "SendOn",
    "SetLanguage",
    "Spoke",
    "Start",
    "Stop",
    "StopPlay",
    "TakenAway",
    "Timer",
    "TimerFired",
    "ToSafetyNet",
    "TransferNote",
    "Unattended",
    "Unroutable",
    "Whisper",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """State of one call. `playing` is the number of the playback under way, 0 for none."""

    #: The contact's id; legs we make carry it.
    id: str = ""
    phase: Phase = Phase.MENU
    language: str = "ko"
    #: E.164; None: withheld or unknown. Never logged.
    number: str | None = field(default=None, repr=False)

    # --- what is heard
    plays: int = 0
    playing: int = 0
    #: What plays must be heard to its end before anybody is connected.
    must_finish: bool = False
    #: In the holding bridge, hearing music.
    holding: bool = False
    #: The notices are over: place, comfort and keys.
    settled: bool = False
    #: Times in a row that the holding bridge failed.
    hold_failures: int = 0

    # --- keys
    repeats: int = 0
    settling: bool = False
    #: A key pressed while something had to be heard to its end.
    key_later: str = ""
    #: The last key that counted, and when (`Digit.at`). Never logged.
    pressed: str = field(default="", repr=False)
    pressed_at: float | None = None
    #: The caller spoke or pressed a key.
    heard_of: bool = False
    question: Question = Question.NOT
    dialogue: Dialogue | None = None
    #: How long the dialogue waits for a key once its prompts ended.
    dialogue_wait_s: float = 0.0
    #: What the dialogue asked for and is not answered yet.
    request: Request | None = None
    #: A call-back was arranged in this call.
    arranged: bool = False

    # --- the line
    lane: Lane = Lane.NORMAL
    #: Who is to take the call if they can: the counsellor who was lost.
    named: UUID | None = None
    #: The place that a code gave back; None: from joining the line on.
    since: datetime | None = None
    #: In the router's line; not so for an offer that was found ringing after a restart.
    joined: bool = False
    comforts: int = 0
    #: The place that was announced, people before the caller; it never grows.
    place: int | None = None
    #: The longest wait that was announced, in minutes; it never grows.
    minutes: int | None = None

    # --- legs
    #: The offer whose leg rings, is up, or is being talked to.
    offer: Offer | None = None
    leg_up: bool = False
    #: Caller and leg hear each other.
    connected: bool = False
    #: The leg towards another desk of the Dasan centre, or towards the centre once the counsellor has left.
    desk_leg: str = ""
    #: Standby list and partner line; its leg is the one talked with in OVERFLOW.
    overflow: Chain = UNTRIED
    #: Prompts of the overflow that could not be said yet.
    unsaid: tuple[str, ...] = ()
    #: Bringing an emergency partner in.
    conference: Conference = CALM
    #: Being put through to the centre, or talking with it.
    transfer: Transfer | None = None
    #: Keys of the counsellor that may be the beginning of a code, and when the last one came. Never logged.
    typed: str = field(default="", repr=False)
    typed_at: float | None = None
    #: The leg by which who dropped out of a crisis is called again, "" for none; whether somebody answered there, and was asked twice.
    again: str = ""
    again_up: bool = False
    again_asked: bool = False
    #: How often they were called.
    agains: int = 0
    #: Counsellor and partner have left meanwhile: the call-back machinery goes on, unless the one who is asked is the caller.
    owed: bool = False
    #: A human of the line has talked with this caller.
    talked: bool = False
    talking_since: float = 0.0
    outcome: Outcome | None = None
