"""A transfer to the centre under any sequence of happenings whatever: nobody is in silence, no leg is forgotten, every order ends."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from escalation.centre.model import PutThrough
from ivr import call_model as m
from ivr.call_model import Happening, Phase, Timer
from ivr.transfer import leg_of
from ivr.watchdog import Facts, violation
from routing.model import OfferResult
from tests.unit.ivr.test_call import OFFER
from tests.unit.ivr.test_call_properties import HAPPENINGS
from tests.unit.ivr.test_crisis_properties import CRISES, begin, step
from tests.unit.ivr.test_transfer import LEG, WANTED

ORDERS = st.integers(70, 72).map(lambda number: UUID(int=number))
LEGS = ORDERS.map(lambda order: leg_of("c", order))
THROUGH: st.SearchStrategy[Happening] = st.one_of(
    LEGS.map(lambda leg: m.LegUp(leg_id=leg, at=50.0)),
    LEGS.map(lambda leg: m.LegSaid(leg_id=leg)),
    st.builds(m.LegDown, leg_id=LEGS, result=st.sampled_from(list(OfferResult)), by_hand=st.booleans()),
    st.builds(m.Gathered, leg_id=LEGS, caller=st.booleans()),
    LEGS.map(lambda leg: m.GatherFailed(leg_id=leg)),
    LEGS.map(lambda leg: m.Connected(leg_id=leg)),
    LEGS.map(lambda leg: m.ConnectFailed(leg_id=leg)),
    st.builds(m.LegDown, leg_id=st.just("leg-1"), result=st.just(OfferResult.ANSWERED), by_hand=st.booleans(), at=st.just(100.0)),
    st.builds(m.LegDigit, leg_id=st.just("leg-1") | LEGS, digit=st.sampled_from("*01239")),
    st.sampled_from([m.TimerFired(timer=Timer.TRANSFER), m.Unattended(what="not_bridged"), m.Resumed()]),
)
WAY: list[Happening] = [
    m.LegUp(leg_id=LEG, at=1.0), m.LegSaid(leg_id=LEG), m.Gathered(leg_id=LEG, caller=True),
    m.LegDown(leg_id="leg-1", result=OfferResult.ANSWERED, by_hand=True, at=100.0),
]  # fmt: skip
RUNS = st.builds(
    list.__add__, st.integers(0, len(WAY)).map(lambda length: WAY[:length]), st.lists(THROUGH | THROUGH | CRISES | HAPPENINGS, max_size=25)
)


@settings(max_examples=300)
@given(RUNS)
def test_nobody_is_in_silence_no_leg_is_forgotten_and_every_order_ends_once(happenings: list[Happening]) -> None:
    """Whatever happens in whatever order; who was together before stays so on record."""
    call, running = begin()
    rung: set[str] = set()
    said: list[PutThrough | None] = []
    talk: list[Happening] = [
        m.Entered(direct=True), m.PlaybackDone(number=0), m.OfferGranted(offer=replace(OFFER, leg_id="leg-1")),
        m.LegUp(leg_id="leg-1", at=1.0), m.Connected(leg_id="leg-1", at=1.0), WANTED,
    ]  # fmt: skip
    for happening in [*talk, *happenings]:
        if isinstance(happening, m.TimerFired):
            if happening.timer not in running:
                continue
            running.discard(happening.timer)
        call, commands = step(call, happening, running)
        for command in commands:
            match command:
                case m.RingStaff(leg_id=leg_id):
                    rung.add(leg_id)
                case m.DropLeg(leg_id=leg_id):
                    rung.discard(leg_id)
                case m.TransferNote(ended=ended):
                    said.append(ended)
                case _:
                    pass
        if isinstance(happening, m.LegDown):
            rung.discard(happening.leg_id)
        assert violation(call, running, Facts()) is None, (happening, call, running)
        assert rung <= ({call.transfer.leg_id} if call.transfer else set()), (happening, call)
    if call.phase is not Phase.ENDED:
        call, commands = step(call, m.TakenAway(), running)
        said += [command.ended for command in commands if isinstance(command, m.TransferNote)]
    ends = [ended for ended in said if ended is not None]
    assert len(ends) == 1
    assert said[-1] is ends[0]
