"""What a call asks for; `ivr.stage` carries it out. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from escalation.centre.model import PutThrough
from ivr.conference import Fact, Partner
from ivr.dialogue_model import ArrangeCallback
from ivr.phases import PlaceFor, Timer
from routing.model import Lane, Offer, OfferResult, Outcome

# --- sound and time --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """Play prompts one after the other, to the caller's channel or into the holding bridge."""

    number: int
    prompts: tuple[str, ...]
    in_bridge: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StopPlay:
    """Stop a playback; its end is still reported."""

    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Start a timer."""

    timer: Timer
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Stop a timer."""

    timer: Timer


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldCaller:
    """Into the holding bridge, with music. Answered by `Held` or `HoldFailed`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listen:
    """Report from now on whether the caller speaks (`Spoke`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetLanguage:
    """Everything from now on is said in this language."""

    language: str


# --- the line --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """Wait for a counsellor from now on. Again: with another lane or person, the place is kept."""

    lane: Lane = Lane.NORMAL
    #: Who is to take the call if they can.
    named: UUID | None = None
    #: The place that a code gave back; None: from the first time on.
    since: datetime | None = None
    #: In the line already: only what is known of the caller has changed.
    again: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave:
    """Do not wait any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RaiseLane:
    """Serve this caller earlier."""

    lane: Lane


@dataclass(frozen=True, slots=True, kw_only=True)
class AskPlace:
    """Look up place and estimate. Answered by `Place`."""

    why: PlaceFor


@dataclass(frozen=True, slots=True, kw_only=True)
class Promised:
    """This place and this longest wait (seconds from now; None: nothing was said of it) were announced."""

    place: int | None
    high_s: float | None
    #: What was heard, in minutes.
    span: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkSilent:
    """The caller neither spoke nor pressed a key when they could have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrange:
    """Store a call-back. Answered by `DialogueDone`."""

    request: ArrangeCallback


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveCode:
    """Make a code that keeps the place. Answered by `DialogueDone`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckCode:
    """Take the place that this code keeps. Answered by `DialogueDone`."""

    code: str = field(repr=False)


# --- legs and talks --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class DialDesk:
    """Ring another desk of the Dasan centre."""

    key: str
    leg_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RingOutside:
    """Ring one of the standby list, or the partner line. One who may not be dialled, or is busy with us, is down at once."""

    target: int
    leg_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SayToLeg:
    """Say something to whoever answered a leg; it ends when the leg is connected."""

    leg_id: str
    prompts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OverflowOver:
    """Nobody outside takes the caller for now; the line may ask again later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """A counsellor answered before the caller is ready: put them into the talk bridge, with music."""

    leg_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Connect:
    """Caller and leg into the talk bridge. Answered by `Connected` or `ConnectFailed`."""

    leg_id: str
    offer: Offer | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconnect:
    """Caller and leg are found outside their talk bridge: put them back. A failure is met by the next comparison."""

    leg_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RingPartner:
    """Ring an emergency partner whose attempt is on record. `caller`: the caller's channel is there."""

    partner: Partner
    caller: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class RingStaff:
    """Ring a member of the centre's staff, for a caller who is put through."""

    leg_id: str
    extension: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferNote:
    """What became of a transfer is to be on record. `ended` None: caller and centre are together."""

    order: UUID
    ended: PutThrough | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RingCaller:
    """Ring the caller who dropped out of a crisis."""

    leg_id: str
    number: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerIs:
    """Who answered this leg is the caller from now on."""

    leg_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SendOn:
    """A caller for whom nobody waits here any more: the dialplan reaches somebody."""

    channel_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Whisper:
    """Say something to one who talks, and to nobody else. Nothing waits for it; a newer one takes its place."""

    leg_id: str
    prompts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gather:
    """These legs, and the caller if told, into the talk bridge. Answered by `Gathered` or `GatherFailed` of the partner."""

    partner: str
    counsellor: str = ""
    caller: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class DropLeg:
    """Hang a leg up, ringing or up. `elsewhere`: tell the phone that it missed nothing."""

    leg_id: str
    elsewhere: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseOffer:
    """The offer came to nothing."""

    offer: Offer
    result: OfferResult


@dataclass(frozen=True, slots=True, kw_only=True)
class EndTalk:
    """The counsellor's talk is over. `heavy`: with somebody in danger, so that a rest follows."""

    offer: Offer
    heavy: bool = False
    #: False: their phone died in the talk, there is nothing to wrap up yet.
    wrapup: bool = True


# --- the end and the books -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class HangUp:
    """Hang the caller up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToSafetyNet:
    """Hand the caller to the dialplan, which rings counsellors without this program."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A line of the timeline."""

    kind: str
    detail: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """Something that a supervisor must know now; `kind` is one of `core.alarms.AlarmKind`."""

    kind: str
    detail: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RaiseIncident:
    """Put a crisis on record; `by` is one of `escalation.model.RaisedBy`. `proposed`: nobody has decided to call anybody."""

    by: str
    counsellor: UUID | None = None
    proposed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AskPartner:
    """Put the next attempt on record, with the crisis if it is not there yet. Answered by `PartnerFound`.

    `partner`: this one; "": the next in order.
    """

    number: int
    by: str
    counsellor: UUID | None = None
    partner: str = ""
    #: With everybody tried, from the beginning.
    anew: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentNote:
    """A line of the incident's timeline, if there is an incident."""

    fact: Fact
    leg_id: str = ""
    result: OfferResult | None = None
    counsellor: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallAgain:
    """The caller dropped out of a crisis: call back, before everybody else."""

    number: str = field(repr=False)
    language: str = "ko"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finish:
    """The contact is over, with its one outcome."""

    outcome: Outcome


#: The crisis and its books: done beside the call.
CrisisCommand = RaiseIncident | AskPartner | IncidentNote | CallAgain
#: The line and its books: done at once, or beside the call.
BookCommand = (
    Join | Leave | RaiseLane | AskPlace | Promised | MarkSilent | SetLanguage | Arrange | GiveCode | CheckCode | OverflowOver | Note | Alarm
    | Finish
)  # fmt: skip
#: The telephone, for whoever is brought into a talk: an emergency partner, or the centre.
PartnerCommand = RingPartner | RingStaff | RingCaller | CallerIs | Whisper | Gather | TransferNote
#: The telephone.
StageCommand = (
    Play | StopPlay | Start | Stop | HoldCaller | Listen | DialDesk | RingOutside | SayToLeg | Seat | Connect | Reconnect | DropLeg
    | CloseOffer | EndTalk | HangUp | SendOn | ToSafetyNet
)  # fmt: skip
Command = BookCommand | CrisisCommand | PartnerCommand | StageCommand
