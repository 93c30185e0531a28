"""Where a call is, its deadlines, and what a place is asked for. Pure; standard library only."""

from __future__ import annotations

from enum import StrEnum


class Phase(StrEnum):
    """Where the caller is."""

    MENU = "menu"
    #: Another desk of the Dasan centre is being rung.
    DIALLING = "dialling"
    #: Talking with another desk, or with the centre after the counsellor has left.
    TRANSFERRED = "transferred"
    WAITING = "waiting"
    TALKING = "talking"
    #: Being connected to, or talking with, somebody of the standby list or the partner line.
    OVERFLOW = "overflow"
    #: In a crisis: with an emergency partner, and no counsellor; perhaps in the line for one.
    PARTNER = "partner"
    #: In a crisis: the caller's line dropped; counsellor and partner talk on, and the caller is called again.
    LEFT = "left"
    #: Hearing the goodbye.
    CLOSING = "closing"
    #: Handed to the dialplan.
    SAFETY_NET = "safety_net"
    ENDED = "ended"


class Timer(StrEnum):
    """One deadline each; starting it again replaces it."""

    #: No key pressed.
    SILENCE = "silence"
    #: After a wrong key.
    SETTLE = "settle"
    #: A playback should have ended by now.
    PLAYBACK = "playback"
    #: A leg should have answered or ended by now.
    RING = "ring"
    COMFORT = "comfort"
    #: A key, or the answer to a request, is awaited by a dialogue.
    DIALOGUE = "dialogue"
    #: A caller who neither spoke nor pressed a key was asked something.
    QUESTION = "question"
    #: Somebody outside should have answered, or pressed the key, by now.
    OVERFLOW = "overflow"
    #: An emergency partner should have been found, have answered, or have been connected by now.
    PARTNER = "partner"
    #: The centre should have answered, have heard who we are, or have been connected by now.
    TRANSFER = "transfer"
    #: Who dropped out of a crisis is called again, or should have answered by now.
    REDIAL = "redial"
    #: The holding bridge is tried again.
    HOLD = "hold"


class Question(StrEnum):
    """How far the question to a silent caller is."""

    NOT = ""
    #: To be asked once the notices are over.
    DUE = "due"
    ASKED = "asked"
    #: The gentle second prompt.
    AGAIN = "again"


class PlaceFor(StrEnum):
    """What a place in line is asked for."""

    #: The caller has just begun to wait.
    INTRO = "intro"
    COMFORT = "comfort"
    #: The caller wants to hear it again.
    REPEAT = "repeat"
