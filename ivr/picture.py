"""Asterisk at one instant, and what it says of a call whose program is no more. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol
from uuid import UUID

from ivr.ari import Bridge, Channel
from ivr.call_model import Call, Phase
from ivr.conference import CALM, Conference, Stage
from ivr.overflow import Chain
from ivr.transfer import PREFIX as CENTRE_PREFIX
from ivr.transfer_model import Stage as Through
from ivr.transfer_model import Transfer
from routing.contacts import LiveContact
from routing.model import ContactState, Offer, Outcome

LEG_PREFIXES = ("leg-", "desk-", "over-", "crisis-", "whisper-", "linked-", "alarm-", CENTRE_PREFIX)
#: A person who is called back; connected to nobody before they have said that it is them.
CALLED_PREFIX = "person-"
#: Dialplan context of counsellors' phones.
FROM_COUNSELLOR = "from-counsellor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """Asterisk at one instant."""

    channels: dict[str, Channel]
    bridges: dict[str, Bridge]
    started_at: datetime | None
    #: Channels in our application; None: not known.
    ours: frozenset[str] | None = None

    def elsewhere(self, channel_id: str) -> bool:
        """Whether it lives on, but not with us: in the dialplan, or in the application of another worker."""
        return self.ours is not None and channel_id in self.channels and channel_id not in self.ours

    def bridge_of(self, channel_id: str) -> Bridge | None:
        """The bridge it is in."""
        return next((bridge for bridge in self.bridges.values() if channel_id in bridge.channel_ids), None)

    def talks(self, channel_id: str) -> bool:
        """Whether somebody is in a bridge with it."""
        bridge = self.bridge_of(channel_id)
        return bridge is not None and bridge.kind != "holding" and len(bridge.channel_ids) > 1

    def with_caller(self, contact: LiveContact) -> LiveContact:
        """As the row is, with the caller's channel of now: who dropped out of a crisis and was called again talks by another one."""
        if contact.channel_id in self.channels:
            return contact
        again = [key for key in self.called_again(contact.id) if self.bridge_of(key) is not None]
        return replace(contact, channel_id=again[-1]) if again else contact

    def called_again(self, contact_id: UUID) -> list[str]:
        """Channels by which this contact's caller is being called again, or talks."""
        return [key for key in self.channels if key.startswith(f"{CALLED_PREFIX}{contact_id}-")]

    def is_leg(self, channel_id: str) -> bool:
        """Whether it is one of those that we make, or of a counsellor who dials a code: whoever is there can do without it."""
        channel, bridge = self.channels.get(channel_id), self.bridge_of(channel_id)
        if channel_id.startswith("linked-") and channel_id.endswith("-person") and bridge is not None and bridge.kind == "holding":
            # Everybody else of that call is gone, and they wait in the line.
            return False
        if channel_id.startswith(CALLED_PREFIX):
            # Until they answer nobody is there; afterwards they are a caller.
            return channel is not None and channel.state in ("Down", "Ringing")
        return channel_id.startswith(LEG_PREFIXES) or (channel is not None and channel.dialplan_context == FROM_COUNSELLOR)

    def legs_of(self, contact_id: UUID, offer: Offer | None) -> list[str]:
        """Everybody who was dialled for a contact and is there."""
        # Those of a crisis are named after their attempts.
        prefixes = (f"desk-{contact_id}-", f"over-{contact_id}-", f"{CENTRE_PREFIX}{contact_id}-")
        return [key for key in self.channels if key.startswith(prefixes) or (offer is not None and key == offer.leg_id)]

    def together(self, bridge_id: str, *channel_ids: str) -> bool:
        """Whether all of these channels are in that bridge."""
        bridge = self.bridges.get(bridge_id)
        return bridge is not None and all(channel_id in bridge.channel_ids for channel_id in channel_ids)


class Beside(Protocol):
    """Calls that are no contact of the line; their legs are nobody's unless they say otherwise."""

    def compare(self, picture: Picture, *, looked_at: float, settled_s: float) -> None:
        """Legs hear of what they missed; with `settled_s` 0 we have just connected, and what an earlier run left is taken up. Must not block."""
        ...


def known_of(contact: LiveContact) -> Call:
    """What a row knows of a caller. Pure."""
    return Call(
        id=str(contact.id),
        language=contact.language,
        number=contact.number,
        lane=contact.lane,
        named=contact.named_id or contact.counsellor_id,
        since=contact.virtual_start,
        place=contact.promised_place,
        arranged=contact.arranged,
        overflow=Chain(rounds=contact.overflows),
        talked=contact.answered_at is not None,
        # Of a silence before now nothing is known; nobody is asked twice.
        heard_of=True,
    )


def legs_of(call: Call) -> tuple[str, ...]:
    """The legs that a call has, rung or talked with. Pure."""
    offer, centre = (call.offer.leg_id if call.offer else ""), (call.transfer.leg_id if call.transfer else "")
    return tuple({leg_id for leg_id in (offer, call.desk_leg, call.overflow.leg_id, call.conference.leg_id, centre) if leg_id})


def talkers(call: Call) -> tuple[str, ...]:
    """The legs that belong into the talk bridge now. Pure."""
    partner = (call.conference.leg_id,) if call.conference.there else ()
    match call.phase:
        case Phase.OVERFLOW:
            return (call.overflow.leg_id, *partner)
        case Phase.PARTNER:
            return partner
        case Phase.TRANSFERRED:
            return (call.desk_leg, *partner)
        case Phase.TALKING | Phase.LEFT if call.offer:
            centre = (call.transfer.leg_id,) if call.transfer is not None and call.transfer.stage is Through.JOINED else ()
            return (call.offer.leg_id, *partner, *centre)
        case _:
            return ()


def resumed(contact: LiveContact, offer: Offer | None, picture: Picture, conference: Conference = CALM) -> Call:
    """The state in which a call is found after a restart; `conference`: its crisis (`ivr.crisis_recovery`). Pure."""
    call_id = str(contact.id)
    known = replace(known_of(contact), conference=conference, transfer=_transfer(contact, picture))
    desk_leg = next((key for key in picture.channels if key.startswith(f"desk-{call_id}-")), "")
    if desk_leg:
        together = picture.together(f"talk-{call_id}", contact.channel_id, desk_leg)
        return replace(known, phase=Phase.TRANSFERRED if together else Phase.DIALLING, desk_leg=desk_leg, connected=together)
    outside = sorted((key for key in picture.channels if key.startswith(f"over-{call_id}-")), key=lambda key: int(key.rpartition("-")[2]))
    for key in outside:
        if picture.together(f"talk-{call_id}", contact.channel_id, key):
            return replace(
                known, phase=Phase.OVERFLOW, overflow=replace(known.overflow, call_id=call_id, leg_id=key), talked=True, connected=True
            )
    if outside:
        # Whoever was rung or asked is let go; the line asks again, with other legs.
        known = replace(known, overflow=replace(known.overflow, call_id=call_id, legs=int(outside[-1].rpartition("-")[2])))
    leg = picture.channels.get(offer.leg_id) if offer else None
    if offer and leg and not _centre_alone(known, offer, picture):
        private = conference.stage is Stage.PRIVATE
        if private or picture.together(f"talk-{call_id}", contact.channel_id, offer.leg_id):
            return replace(known, phase=Phase.TALKING, offer=offer, leg_up=True, talked=True, connected=True, holding=private)
        if conference.stage is Stage.JOINED:
            return replace(known, phase=Phase.PARTNER, offer=offer, leg_up=leg.state == "Up", talked=True, connected=True)
        return replace(known, phase=Phase.WAITING, offer=offer, leg_up=leg.state == "Up")
    if known.transfer is not None and not known.transfer.waits:
        return replace(known, phase=Phase.TRANSFERRED, desk_leg=known.transfer.leg_id, talked=True, connected=True)
    if conference.stage is Stage.JOINED:
        return replace(known, phase=Phase.PARTNER, talked=True, connected=True)
    if contact.state is ContactState.MENU:
        return replace(known, phase=Phase.MENU)
    return replace(known, phase=Phase.WAITING)


def _transfer(contact: LiveContact, picture: Picture) -> Transfer | None:
    """Whom of the centre the caller is being put through to, or talks with."""
    prefix = f"{CENTRE_PREFIX}{contact.id}-"
    # The order's id follows, and the latest is the one that counts.
    leg_id = max((key for key in picture.channels if key.startswith(prefix)), default="")
    try:
        order = UUID(leg_id.removeprefix(prefix))
    except ValueError:
        return None
    if picture.together(f"talk-{contact.id}", contact.channel_id, leg_id):
        stage = Through.JOINED
    else:
        stage = Through.BRIEFING if picture.channels[leg_id].state == "Up" else Through.RINGING
    return Transfer(order=order, leg_id=leg_id, stage=stage)


def _centre_alone(known: Call, offer: Offer, picture: Picture) -> bool:
    """The caller is with the centre, and the counsellor is not."""
    joined = known.transfer is not None and not known.transfer.waits
    return joined and not picture.together(f"talk-{known.id}", offer.leg_id)


def outcome_unseen(row: LiveContact, asterisk_started_at: datetime | None) -> Outcome:
    """How a contact ended that nobody watched."""
    if row.answered_at is not None:
        return Outcome.TALKED_OVERFLOW if row.state is ContactState.OVERFLOW else Outcome.TALKED
    if asterisk_started_at is not None and asterisk_started_at > row.entered_at:
        return Outcome.CUT_OFF
    if row.arranged:
        return Outcome.CALLBACK_ARRANGED
    match row.state:
        case ContactState.WAITING | ContactState.TALKING:
            return Outcome.ABANDONED_WAITING
        case ContactState.TRANSFER:
            return Outcome.TRANSFERRED
        case ContactState.SAFETY_NET:
            return Outcome.ABANDONED_SAFETY_NET
        case _:
            return Outcome.ABANDONED_IN_MENU
