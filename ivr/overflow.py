"""Whom to try outside when no counsellor can take a caller: a pure chain, `advance(chain, event, plan) -> (chain, commands)`.

One standby number after another, each for a bounded time; then the partner line; then no more until the line asks again, and only so many
times for one caller. Whatever goes wrong at one number leads to the next. The caller keeps the music, the place in line and the call-back
offer all the while: none of this is the chain's to end. Total: what does not fit is dropped.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from routing.model import OverflowReason

#: The key by which a standby person takes the call: an answering machine does not press it.
KEY_TAKE = "1"
#: The key by which they say that they can not.
KEY_REFUSE = "2"
#: A leg that has not ended this long after its ring time-out has lost its end event.
RING_GUARD_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Who there is, without their numbers. Times in seconds."""

    #: How many standby numbers.
    standby: int = 0
    partner: bool = False
    ring_s: float = 20.0
    accept_s: float = 20.0
    max_rounds: int = 3

    @property
    def targets(self) -> int:
        """How many there are to try."""
        return self.standby + self.partner

    def is_partner(self, target: int) -> bool:
        """Whether this target is the partner line, which is last."""
        return self.partner and target == self.standby


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """Where one caller's chain is. `leg_id`: who rings, is asked, or talks; "" for nobody."""

    call_id: str = ""
    running: bool = False
    #: Rounds begun for this caller.
    rounds: int = 0
    #: Legs made for this caller: no leg id is used twice.
    legs: int = 0
    #: Whom this round tries now, counted from 0.
    target: int = 0
    leg_id: str = ""
    #: They answered and are asked to press the key.
    asked: bool = False


#: Nobody outside has been tried yet.
UNTRIED = Chain()


# --- what can happen -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Begin:
    """The line asks for somebody outside."""

    reason: OverflowReason
    #: The contact's id; the legs carry it.
    call_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A leg is up."""

    leg_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressed:
    """Whoever answered pressed a key."""

    leg_id: str
    digit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A leg ended, could not be made, was not allowed, or could not be connected."""

    leg_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Overdue:
    """The chain's deadline passed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """The caller is somebody else's now, or gone."""


Event = Begin | Answered | Pressed | Ended | Overdue | Stopped


# --- what the chain asks for -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """Tell the supervisors why somebody outside is tried."""

    reason: OverflowReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Announce:
    """Tell the caller the truth, that the place is kept, and how to be called back."""

    reason: OverflowReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring:
    """Ring one of the plan's targets."""

    target: int
    leg_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Say who we are and which key takes the call."""

    leg_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """`Overdue` after so many seconds, in place of the last deadline; 0: none."""

    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """Hang a leg up; `elsewhere`: somebody else has taken the call."""

    leg_id: str
    elsewhere: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Take:
    """Connect the caller with this leg."""

    leg_id: str
    partner: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Exhausted:
    """Nobody outside could take the caller either."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Over:
    """The round is over; the line may ask again."""


Command = Alarm | Announce | Ring | Ask | Deadline | Drop | Take | Exhausted | Over


def advance(chain: Chain, event: Event, plan: Plan) -> tuple[Chain, list[Command]]:
    """The next state and what to do now."""
    match event:
        case Begin(reason=reason, call_id=call_id) if not chain.running:
            return _begin(replace(chain, call_id=call_id), reason, plan)
        case Answered(leg_id=leg_id) if chain.running and leg_id == chain.leg_id and not chain.asked:
            if plan.is_partner(chain.target):
                return _taken(chain, plan)
            return replace(chain, asked=True), [Ask(leg_id=leg_id), Deadline(seconds=plan.accept_s)]
        case Answered(leg_id=leg_id) if leg_id != chain.leg_id:
            # Answered in the instant in which it was given up.
            return chain, [Drop(leg_id=leg_id, elsewhere=True)]
        case Pressed(leg_id=leg_id, digit=digit) if chain.running and leg_id == chain.leg_id and chain.asked:
            if digit == KEY_TAKE:
                return _taken(chain, plan)
            if digit == KEY_REFUSE:
                return _next(chain, plan, [Drop(leg_id=leg_id)])
        case Ended(leg_id=leg_id) if chain.running and leg_id == chain.leg_id:
            return _next(chain, plan, [])
        case Overdue() if chain.running:
            return _next(chain, plan, [Drop(leg_id=chain.leg_id)])
        case Stopped() if chain.running:
            drop = Drop(leg_id=chain.leg_id, elsewhere=not chain.asked)
            return _idle(chain), [Deadline(seconds=0), drop, Over()]
        case _:
            pass
    return chain, []


def resumed_after(chain: Chain) -> Chain:
    """The chain of a caller whose talk with somebody outside is over: the line may ask again."""
    return _idle(chain)


def _begin(chain: Chain, reason: OverflowReason, plan: Plan) -> tuple[Chain, list[Command]]:
    if chain.rounds >= plan.max_rounds:
        # Enough hunting for one caller: they wait for a counsellor, with the call-back offer.
        return chain, [Over()]
    chain = replace(chain, rounds=chain.rounds + 1, running=True, target=-1)
    return _next(chain, plan, [Alarm(reason=reason), Announce(reason=reason)])


def _next(chain: Chain, plan: Plan, first: list[Command]) -> tuple[Chain, list[Command]]:
    target = chain.target + 1
    if target >= plan.targets:
        return _idle(chain), [*first, Deadline(seconds=0), Exhausted(), Over()]
    legs = chain.legs + 1
    leg_id = f"over-{chain.call_id}-{legs}"
    ring: list[Command] = [Ring(target=target, leg_id=leg_id), Deadline(seconds=plan.ring_s + RING_GUARD_S)]
    return replace(chain, target=target, legs=legs, leg_id=leg_id, asked=False), [*first, *ring]


def _taken(chain: Chain, plan: Plan) -> tuple[Chain, list[Command]]:
    # `leg_id` stays: it is who the caller talks with.
    take = Take(leg_id=chain.leg_id, partner=plan.is_partner(chain.target))
    return replace(chain, running=False, asked=False), [Deadline(seconds=0), take]


def _idle(chain: Chain) -> Chain:
    return replace(chain, running=False, leg_id="", asked=False, target=0)
