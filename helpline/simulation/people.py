"""Callers and counsellors, as unpredictable as they are; every choice comes from the seed's dice."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Protocol
from uuid import UUID

from helpline.simulation.asterisk import Asterisk
from helpline.simulation.dialplan import BUSY, FAILURE, NO_ANSWER, NORMAL, REJECTED
from helpline.simulation.loop import Appointment, Universe
from helpline.simulation.switch import Channel
from routing.presence_model import BreakReason, PresenceEvent

#: The trunk that people are called back by, in endpoints.
CALLED_BACK = "callbacks"
#: How many callers would rather be called back.
WANT_CALL = 0.3
#: Keys for the questions of a dialogue; none ("") is an answer, too.
_ANSWERS: dict[str, tuple[str, ...]] = {
    "callback_confirm": ("1", "1", "1", "1", "1", "1", "2", "0", "*", ""),
    "callback_no_number": ("1", "1", "1", "2", "*", ""),
    "callback_hours": ("1", "2", "2", "3", "3", "4", ""),
    "callback_say_who": ("1", "1", "2", "2", "0", ""),
    "callback_leave_message": ("1", "2", ""),
    "callback_shared_phone": ("1", "2", "2", ""),
}


class Town(Protocol):
    """Where people live: `helpline.simulation.world.World`."""

    universe: Universe
    asterisk: Asterisk
    rng: Random
    #: People still call, and take calls.
    open: bool
    #: In which share of the talks a counsellor raises a crisis.
    crises: float

    def note(self, *words: object) -> None:
        """A line of the trace."""

    def caller_left(self, caller: Caller) -> None:
        """A caller's channel is no more."""

    def desk(self, extension: str, event: PresenceEvent, reason: BreakReason | None = None) -> bool:
        """A counsellor dials a code; False: the database is away."""


class Caller:
    """One call of one person."""

    def __init__(self, town: Town, name: str, *, number: str, presentation: str, patience_s: float, talk_s: float, manner: str) -> None:
        self.town = town
        self.name = name
        self.number = number
        self.presentation = presentation
        self.patience_s = patience_s
        self.talk_s = talk_s
        #: five, silent, wrong, desk, hasty.
        self.manner = manner
        self.channel: Channel | None = None
        self.since = 0.0
        self.left_at: float | None = None
        #: Has heard a counsellor, another desk, or somebody outside.
        self.talked = False
        self.danger = False
        #: Would rather be called back, at this number.
        self.wants_call = town.rng.random() < WANT_CALL
        self.number_to_call = number or f"010{town.rng.randrange(10**8):08d}"
        #: The program or the safety net has said something to them.
        self.spoken_to = False
        self.pressed = 0
        self._leave: Appointment | None = None
        self._talk_end: Appointment | None = None

    @property
    def live(self) -> bool:
        """On the line."""
        return self.channel is not None and not self.channel.gone

    def call(self, entry: str) -> bool:
        """Dial; False: nobody takes the call because Asterisk is down."""
        self.since = self.town.universe.now
        self.channel = self.town.asterisk.incoming(self, number=self.number, entry=entry, presentation=self.presentation)
        if self.channel is None:
            return False
        wait = self.town.rng.uniform(0, 15) if self.manner == "hasty" else self.patience_s
        self._leave = self.town.universe.after(wait, self.hang_up)
        if self.manner != "hasty" and self.town.rng.random() < 0.04:
            # In any instant of the first minute.
            self.town.universe.after(self.town.rng.uniform(0, 60), self.hang_up)
        return True

    def hang_up(self) -> None:
        """Enough."""
        if self.channel is not None and not self.channel.gone:
            self.town.note("caller hangs up", self.name)
            self.town.asterisk.hang_up(self.channel)

    def heard(self, channel: Channel, prompt: str) -> None:
        """What a person does about what is said."""
        dice = self.town.rng
        self.spoken_to = True
        if prompt in ("greeting", "menu_repeat"):
            digit = {"five": "5", "wrong": dice.choice("4678"), "desk": "2"}.get(self.manner, "")
            if self.manner == "wrong" and self.pressed > 1:
                digit = "5"
            self._press_later(dice.uniform(0.3, 7.0), digit)
        elif self.manner == "silent":
            return
        elif prompt in _ANSWERS:
            self._press_later(dice.uniform(0.5, 5.0), dice.choice(_ANSWERS[prompt]))
        elif prompt in ("callback_enter", "code_enter"):
            self._type(self.number_to_call if prompt == "callback_enter" else f"{dice.randrange(10**6):06d}")
        elif prompt == "callback_arranged":
            # Most leave; some wait on all the same.
            if dice.random() < 0.75:
                self.town.universe.after(dice.uniform(1, 6), self.hang_up)
        elif prompt == "waiting_keys" and self.wants_call:
            self.wants_call = False
            self._press_later(dice.uniform(0.2, 4.0), "1")
        elif prompt.startswith(("comfort", "waiting_intro", "place", "position", "estimate")) and dice.random() < 0.06:
            self._press_later(dice.uniform(0.2, 4.0), dice.choice("1990#*0"))
        elif prompt.startswith(("code", "silent", "yes_no")):
            self._press_later(dice.uniform(0.5, 5.0), dice.choice("1112#0"))

    def talk_began(self) -> None:
        """A voice answers."""
        self.talked = True
        if self._leave:
            self._leave.cancel()
            self._leave = None
        if self._talk_end is None:
            dice = self.town.rng
            self._talk_end = self.town.universe.after(self.talk_s * dice.uniform(0.3, 1.5), self._done_talking)

    def talk_broke(self) -> None:
        """The voice is gone; they wait again."""
        if self._talk_end:
            self._talk_end.cancel()
            self._talk_end = None
        if self.live and self._leave is None:
            self._leave = self.town.universe.after(self.patience_s, self.hang_up)

    def ended(self, channel: Channel) -> None:
        """See `Far.ended`."""
        if self.left_at is not None:
            return
        self.left_at = self.town.universe.now
        for appointment in (self._leave, self._talk_end):
            if appointment:
                appointment.cancel()
        self.town.caller_left(self)

    def _done_talking(self) -> None:
        self._talk_end = None
        partner = next((other for other in _partners(self.channel) if isinstance(other.far, Phone | Outside)), None)
        dice = self.town.rng.random()
        if partner is None or dice < 0.5:
            self.hang_up()
        elif dice < 0.9 or not isinstance(partner.far, Phone):
            self.town.asterisk.hang_up(partner, NORMAL)
        else:
            partner.far.die(self.town.rng.uniform(15, 90))

    def _press_later(self, after: float, digit: str) -> None:
        if digit:
            self.town.universe.after(after, self._press, digit)

    def _type(self, digits: str) -> None:
        after = self.town.rng.uniform(0.5, 4.0)
        for digit in f"{digits}#":
            self._press_later(after, digit)
            after += self.town.rng.uniform(0.3, 1.0)

    def _press(self, digit: str) -> None:
        if self.channel is not None and not self.channel.gone and not self.talked:
            self.pressed += 1
            self.town.note("key", self.name, digit)
            if digit == "9":
                self.danger = True
            self.town.asterisk.press(self.channel, digit)


def _partners(channel: Channel | None) -> list[Channel]:
    if channel is None or channel.gone:
        return []
    if channel.net_talk_since is not None:
        return [leg for leg in channel.net_legs if leg.state == "Up"]
    return [other for other in channel.bridge.channels if other is not channel] if channel.bridge else []


class Phone:
    """A counsellor and the phone on their desk."""

    def __init__(self, town: Town, counsellor_id: UUID, extension: str) -> None:
        self.town = town
        self.counsellor_id = counsellor_id
        self.extension = extension
        #: Channels that ring or are up.
        self.legs: list[Channel] = []
        self.away_until = 0.0

    # --- at work

    def begin(self) -> None:
        """Sign in and be ready."""
        self.town.asterisk.register(self.extension, True)
        self._desk(PresenceEvent.SIGN_IN)
        self._desk(PresenceEvent.READY)
        self.town.universe.after(self.town.rng.expovariate(1 / 1500), self.pause)
        self.town.universe.after(self.town.rng.expovariate(1 / 2400), self.lose_network)

    def pause(self) -> None:
        """A break, or home and back again."""
        dice = self.town.rng
        self._desk(PresenceEvent.SIGN_OUT if dice.random() < 0.3 else PresenceEvent.BREAK)
        self.town.universe.after(dice.uniform(30, 400), self.back)

    def back(self) -> None:
        """Ready again."""
        self._desk(PresenceEvent.SIGN_IN)
        self._desk(PresenceEvent.READY)
        self.town.universe.after(self.town.rng.expovariate(1 / 1500), self.pause)

    def record_done(self) -> None:
        """The record is written before the wrap-up is over."""
        self._desk(PresenceEvent.END_WRAPUP)

    def lose_network(self) -> None:
        """Unregistered for a while."""
        self.die(self.town.rng.uniform(10, 120))
        self.town.universe.after(self.town.rng.expovariate(1 / 2400), self.lose_network)

    def die(self, for_s: float) -> None:
        """The phone drops out: its calls break off, and after a moment it is no longer registered."""
        self.town.note("phone dies", self.extension)
        self.away_until = self.town.universe.now + for_s
        for leg in list(self.legs):
            if leg.state == "Up":
                self.town.asterisk.hang_up(leg, FAILURE)
        self.town.universe.after(self.town.rng.uniform(0, 5), self.town.asterisk.register, self.extension, False)
        self.town.universe.after(for_s + 5, self._home)

    def _home(self) -> None:
        if self.town.universe.now >= self.away_until:
            self.town.asterisk.register(self.extension, True)

    def _desk(self, event: PresenceEvent) -> None:
        if not self.town.desk(self.extension, event, BreakReason.REST if event is PresenceEvent.BREAK else None):
            self.town.universe.after(10, self._desk, event)

    # --- calls

    def invited(self, channel: Channel) -> None:
        """See `Callee.invited`."""
        universe, dice, asterisk = self.town.universe, self.town.rng, self.town.asterisk
        if universe.now < self.away_until:
            # Registered still, but nobody answers the INVITE; Asterisk's own time-out ends it.
            return
        if any(not leg.gone for leg in self.legs):
            universe.after(0.03, asterisk.leg_refused, channel, BUSY)
            return
        self.legs.append(channel)
        universe.after(dice.uniform(0.03, 0.2), asterisk.leg_ringing, channel)
        what = dice.random()
        if what < 0.80:
            universe.after(dice.uniform(0.8, 9), self._answer, channel)
        elif what < 0.86:
            universe.after(dice.uniform(1, 9), asterisk.leg_refused, channel, REJECTED)
        elif what < 0.89:
            universe.after(0.05, asterisk.leg_refused, channel, BUSY)
        elif what < 0.90:
            universe.after(dice.uniform(0.5, 6), self.die, 30.0)
        # Else it rings on, and nobody comes.

    def _answer(self, channel: Channel) -> None:
        if not channel.gone and self.town.universe.now >= self.away_until:
            self.town.note("answers", self.extension, channel.id)
            self.town.asterisk.leg_answered(channel)
            if self.town.crises and self.town.rng.random() < self.town.crises:
                self._keys(channel, self.town.rng.uniform(3, 40), "*9")
            self.town.universe.after(self.town.rng.uniform(25, 60), self._nobody_there, channel)

    def _keys(self, channel: Channel, after: float, keys: str) -> None:
        """In a crisis: a partner is called; later perhaps the next, a word in private, all three, taken over, or called off."""
        dice = self.town.rng
        for number, key in enumerate(keys):
            self.town.universe.after(after + 0.3 * number, self.town.asterisk.press, channel, key)
        if after < 200:
            self._keys(channel, after + dice.uniform(3, 40), dice.choice(("*9", "*9*9", "*8", "*2", "*1", "*3", "*0", "12", "")))

    def _nobody_there(self, channel: Channel) -> None:
        if not channel.gone and not self.town.asterisk.hears(channel):
            self.town.note("nobody there", self.extension)
            self.town.asterisk.hang_up(channel)

    def heard(self, channel: Channel, prompt: str) -> None:
        """Counsellors do not act on prompts."""

    def ended(self, channel: Channel) -> None:
        """See `Far.ended`."""
        if channel in self.legs:
            self.legs.remove(channel)
            if channel.state == "Up" and self.town.rng.random() < 0.5:
                self.town.universe.after(self.town.rng.uniform(2, 50), self.record_done)


class CalledBack(Caller):
    """A person who asked for a call, while the telephone rings there once; whoever answers may not be them."""

    def __init__(self, town: Town, name: str, number: str, *, busy: Callable[[], bool]) -> None:
        """`busy`: on the telephone just then."""
        dice = town.rng
        super().__init__(
            town, name, number=number, presentation="allowed", talk_s=5 + dice.expovariate(1 / 120), patience_s=60 + dice.expovariate(1 / 200),
            manner=dice.choices(("yes", "late", "no", "machine", "leaves", "away", "refuses"), (50, 6, 6, 12, 6, 14, 6))[0],
        )  # fmt: skip
        self._busy = busy
        #: When they said that they want to talk.
        self.accepted_at: float | None = None

    def invited(self, channel: Channel) -> None:
        """See `Callee.invited`."""
        universe, dice, asterisk = self.town.universe, self.town.rng, self.town.asterisk
        self.channel, self.since = channel, universe.now
        if self._busy() or self.manner == "refuses":
            universe.after(dice.uniform(0.1, 2), asterisk.leg_refused, channel, BUSY if self._busy() else REJECTED)
            return
        universe.after(dice.uniform(0.1, 2), asterisk.leg_ringing, channel)
        if self.manner != "away" and self.town.open:
            universe.after(dice.uniform(18, 31) if self.manner == "machine" else dice.uniform(2, 20), asterisk.leg_answered, channel)

    def heard(self, channel: Channel, prompt: str) -> None:
        """Asked whether it is them, a person presses a key, or does not."""
        dice = self.town.rng
        if self.accepted_at is not None:
            super().heard(channel, prompt)
        elif prompt in ("callback_ask", "callback_ask_named"):
            match self.manner:
                case "yes" | "no":
                    self._press_later(dice.uniform(0.5, 6), "2" if self.manner == "no" else dice.choice(("1", "1", "1", "31")))
                case "late":
                    self._press_later(dice.uniform(15, 28), "1")
                case "leaves":
                    self.town.universe.after(dice.uniform(0.1, 9), self.hang_up)
                case _:
                    # A machine listens, and hangs up some time.
                    self.town.universe.after(dice.uniform(30, 90), self.hang_up)

    def _press(self, digit: str) -> None:
        super()._press(digit[0])
        if digit[1:]:
            self._press_later(1.0, digit[1:])
        if "1" in digit and self.live and self.accepted_at is None:
            self.accepted_at = self.town.universe.now
            self._leave = self.town.universe.after(self.patience_s, self.hang_up)


class Outside:
    """Somebody outside: another desk of the Dasan centre, the standby list, a partner line."""

    def __init__(self, town: Town, number: str) -> None:
        self.town = town
        self.number = number

    def invited(self, channel: Channel) -> None:
        """See `Callee.invited`."""
        universe, dice, asterisk = self.town.universe, self.town.rng, self.town.asterisk
        what = dice.random()
        if what < 0.85:
            universe.after(dice.uniform(0.1, 1.0), asterisk.leg_ringing, channel)
        if what < 0.55:
            universe.after(dice.uniform(2, 12), asterisk.leg_answered, channel)
            universe.after(dice.uniform(60, 300), asterisk.hang_up, channel)
        elif what < 0.7:
            universe.after(dice.uniform(0.1, 2), asterisk.leg_refused, channel, BUSY)
        elif what > 0.95:
            universe.after(dice.uniform(0.1, 3), asterisk.leg_refused, channel, NO_ANSWER)

    def heard(self, channel: Channel, prompt: str) -> None:
        """Somebody on standby is asked by key whether they take the caller."""
        if prompt == "overflow_ask":
            self.town.universe.after(self.town.rng.uniform(1, 6), self.town.asterisk.press, channel, self.town.rng.choice("11112"))

    def ended(self, channel: Channel) -> None:
        """Nothing more."""
