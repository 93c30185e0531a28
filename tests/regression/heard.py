"""A call under test that must never be silent: after every happening somebody or something is heard, and a deadline runs."""

from __future__ import annotations

from ivr import call_model as m
from ivr import flow as flows
from ivr.call_model import Call, Command, Happening, Phase, Timer
from ivr.watchdog import Facts, violation
from tests.unit.ivr.test_call import FLOW, Line


class Heard(Line):
    """The call's machine with its timers; each step is judged by the watchdog's own rule."""

    def __init__(self, call: Call | None = None, flow: flows.Flow = FLOW) -> None:
        super().__init__(call, flow)
        self.timers: set[Timer] = set()

    def __call__(self, *happenings: Happening) -> list[Command]:
        for happening in happenings:
            if isinstance(happening, m.TimerFired):
                self.timers.discard(happening.timer)
            super().__call__(happening)
            for command in self.last:
                if isinstance(command, m.Start):
                    self.timers.add(command.timer)
                elif isinstance(command, m.Stop):
                    self.timers.discard(command.timer)
            assert violation(self.call, self.timers, Facts()) is None, (happening, self.call, self.timers)
        return self.last

    def kinds(self, kind: type[Command]) -> list[Command]:
        """All commands of one kind so far."""
        return [command for command in self.all if isinstance(command, kind)]


def holding(flow: flows.Flow = FLOW) -> Heard:
    """A caller who hears music and has heard the introduction."""
    call = Heard(flow=flow)
    call(m.Entered(), m.Digit(digit="5"))
    call.done()
    call(m.Place(why=m.PlaceFor.INTRO))
    call.done()
    assert call.call.phase is Phase.WAITING
    return call
