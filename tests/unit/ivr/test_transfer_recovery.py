"""What a transfer to the centre is found like after a restart."""

from __future__ import annotations

from uuid import UUID

import pytest

from ivr.call_model import Phase
from ivr.picture import Picture, legs_of, resumed, talkers
from ivr.transfer import leg_of
from ivr.transfer_model import Stage
from tests.unit.ivr.test_crisis_recovery import CONTACT, OFFER, ROW, picture

ORDER = UUID(int=70)
LEG = leg_of(str(CONTACT), ORDER)
OTHER_CALL = leg_of(str(UUID(int=8)), UUID(int=71))


@pytest.mark.parametrize(
    ("seen", "stage", "phase", "together"),
    [
        (picture("caller", "leg-1", ringing=(LEG,)), Stage.RINGING, Phase.TALKING, ("leg-1",)),
        (picture("caller", "leg-1", others=(LEG,)), Stage.BRIEFING, Phase.TALKING, ("leg-1",)),
        (picture("caller", "leg-1", LEG), Stage.JOINED, Phase.TALKING, ("leg-1", LEG)),
        (picture("caller", LEG), Stage.JOINED, Phase.TRANSFERRED, (LEG,)),
        # The counsellor's phone is just being hung up, or was rung for another caller of the same name.
        (picture("caller", LEG, others=("leg-1",)), Stage.JOINED, Phase.TRANSFERRED, (LEG,)),
        # The counsellor was lost meanwhile.
        (picture("caller", ringing=(LEG,)), Stage.RINGING, Phase.WAITING, ()),
    ],
)
def test_everybody_is_taken_up_where_they_are(seen: Picture, stage: Stage, phase: Phase, together: tuple[str, ...]) -> None:
    """From the names of the legs alone: no row is needed for it."""
    call = resumed(ROW, OFFER, seen)
    assert call.transfer is not None
    assert (call.transfer.order, call.transfer.leg_id, call.transfer.stage) == (ORDER, LEG, stage)
    assert (call.phase, talkers(call)) == (phase, together)
    assert LEG in legs_of(call)
    assert (call.offer is None) is (phase is not Phase.TALKING)


def test_legs_of_other_calls_and_other_names_are_none_of_it() -> None:
    """Nor is a leg whose name was not ours."""
    call = resumed(ROW, OFFER, picture("caller", "leg-1", others=(OTHER_CALL, f"transfer-{CONTACT}-x")))
    assert call.transfer is None
    assert call.phase is Phase.TALKING


def test_a_contact_that_is_over_leaves_no_leg() -> None:
    """They are hung up with the others, and a leg of nobody is one that nobody needs."""
    seen = picture("leg-1", others=(LEG, OTHER_CALL))
    assert seen.legs_of(CONTACT, OFFER) == ["leg-1", LEG]
    assert seen.is_leg(LEG)
