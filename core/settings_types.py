"""What settings are made of: a section's base, and kinds of values that several sections have."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from core import number_pattern


def _network(value: str) -> str:
    ipaddress.ip_network(value, strict=False)
    return value


Port = Annotated[int, Field(ge=1, le=65535)]
Seconds = Annotated[float, Field(gt=0, le=3600)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,30}$")]
Network = Annotated[str, AfterValidator(_network)]
OptionalPath = Annotated[Path | None, BeforeValidator(lambda value: None if value == "" else value)]
DialString = Annotated[str, Field(pattern=r"^PJSIP/[^\s&,()]+$")]
NumberPattern = Annotated[str, AfterValidator(number_pattern.check)]


class Section(BaseModel):
    """A table of the settings file; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)
