"""What an alarm can be about. Pure, so that settings can name kinds without a database."""

from __future__ import annotations

from enum import StrEnum


class AlarmKind(StrEnum):
    """What is wrong."""

    #: A caller pressed the danger key.
    DANGER_KEY = "danger_key"
    #: Nobody who is on shift can take a call.
    NOBODY_ON_SHIFT = "nobody_on_shift"
    #: Somebody is on shift, and no phone can be reached.
    EVERYBODY_UNREACHABLE = "everybody_unreachable"
    #: A caller waits longer than the limit.
    LONG_WAIT = "long_wait"
    #: Standby list and partner line did not help either.
    OVERFLOW_EXHAUSTED = "overflow_exhausted"
    #: A number that is not on the allow-list was to be dialled.
    NUMBER_NOT_ALLOWED = "number_not_allowed"
    #: A counsellor's phone died in a talk.
    COUNSELLOR_LOST = "counsellor_lost"
    #: A counsellor is left alone after too many calls that rang out.
    COUNSELLOR_PAUSED = "counsellor_paused"
    #: A live caller heard nothing or had no deadline.
    SILENT_CALLER_LINE = "silent_caller_line"
    #: A call-back was given up.
    CALLBACK_GIVEN_UP = "callback_given_up"
    #: No published roster covers now: everybody who is signed in is rung.
    NO_ROSTER = "no_roster"
    #: The published roster has too few on the line, soon.
    THIN_SEAT = "thin_seat"
    #: Somebody is due on the line and has not signed in.
    NOT_SIGNED_IN = "not_signed_in"
    #: Calls ended by a failure of ours.
    CALLS_CUT_OFF = "calls_cut_off"
    #: A crisis was raised, or is proposed by a checklist. `detail` says which.
    INCIDENT_RAISED = "incident_raised"
    #: No emergency partner was reached: a human has to call them by hand.
    INCIDENT_UNREACHED = "incident_unreached"
    #: Nobody has confirmed yet that responders met the person.
    INCIDENT_UNCONFIRMED = "incident_unconfirmed"
    #: What the desk asked for in a crisis was not taken up by the process that has the call.
    INCIDENT_ORDER_WAITS = "incident_order_waits"
    #: One emergency partner was not reached; the next one is called.
    PARTNER_UNREACHED = "partner_unreached"
    #: A referral's next step is overdue.
    REFERRAL_OVERDUE = "referral_overdue"
    #: A follow-up of a case is overdue.
    FOLLOW_UP_OVERDUE = "follow_up_overdue"
    #: A companion's planned call was given up.
    COMPANION_CALL_GIVEN_UP = "companion_call_given_up"
    #: An alarm could not be sent by one of its channels. Its own failure to go out raises none.
    ALARM_NOT_DELIVERED = "alarm_not_delivered"
