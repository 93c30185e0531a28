"""Settings of the calls to emergency partners; part of `core.settings`."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from core import number_pattern
from core.phone import normalise
from core.settings_types import OptionalPath, Section

_ENDPOINT = re.compile(r"PJSIP/[^\s&,()]+")


def _target(value: str) -> str:
    if not value or _ENDPOINT.fullmatch(value):
        return value
    e164 = normalise(value).e164
    if e164 is None:
        raise ValueError(f'"{value}" is neither a telephone number nor an endpoint like PJSIP/test')
    if number_pattern.dialled(e164).startswith("060"):
        raise ValueError(f'"{value}": 060 numbers charge by the minute and are never dialled')
    return value


class EscalationSettings(Section):
    """Emergency partners and how long a crisis may stay unconfirmed."""

    #: Your own partners; empty: the shipped ones (112, 119, 109, 1577-0199).
    partners_file: OptionalPath = None
    #: What of the centre's rules is otherwise here: hours by urgency, attempts, when people may be called; empty: as shipped.
    centre_rules_file: OptionalPath = None
    #: The trunk these calls leave by: one of `[[trunks]]` with an `outbound_uri`. Empty: no number is dialled, the supervisor calls by hand.
    trunk: str = ""
    #: Test mode: every call to a partner goes to this number or endpoint (`PJSIP/test`) instead, and is shown as a test everywhere.
    test_target: Annotated[str, AfterValidator(_target)] = ""
    #: How long a partner rings that has no limit of its own in the partners file.
    ring_s: Annotated[float, Field(ge=5, le=120)] = 15.0
    #: What the partner sees as the caller; empty: as counsellors see it.
    caller_id: str = ""
    #: After the hand-over, or from the beginning where there was none: so long until somebody has to have confirmed or closed it.
    confirm_after_s: Annotated[int, Field(ge=30, le=3600)] = 300
    #: … then the counsellor is reminded this often,
    nag_every_s: Annotated[int, Field(ge=15, le=3600)] = 120
    #: … and after so long the supervisor too, again and again.
    supervisor_after_s: Annotated[int, Field(ge=0, le=3600)] = 240
    #: A caller who drops is called again so often,
    redial_attempts: Annotated[int, Field(ge=0, le=20)] = 5
    #: … with so long between two tries.
    redial_every_s: Annotated[float, Field(ge=5, le=600)] = 20.0
