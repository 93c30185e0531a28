"""What is shown of a person to who need not know it. One rule for all pages, applied here: what a browser must not show never reaches it."""

from __future__ import annotations

import re

_SHOWN = "*"
_MOBILE = re.compile(r"\+82(10|11|16|17|18|19|50\d)(\d{3,4})(\d{4})")
_LAND = re.compile(r"\+82(2|[3-6]\d|70)(\d{3,4})(\d{4})")


def number(e164: str) -> str:
    """A telephone number with its middle covered: `010-****-5678`; the last four digits tell two callers apart. Others: only the last two."""
    for pattern in (_MOBILE, _LAND):
        if found := pattern.fullmatch(e164):
            area, middle, last = found.groups()
            return f"0{area}-{_SHOWN * len(middle)}-{last}"
    digits = e164.lstrip("+")
    return _SHOWN * max(4, len(digits) - 2) + digits[-2:] if len(digits) > 4 else _SHOWN * 4


def name(full: str) -> str:
    """A name with its middle covered: 김*수, 김*, 남**영, J*** S****. A Korean name's first sign is its family name, which many share."""
    words = full.split()
    if len(words) > 1:
        return " ".join(word[0] + _SHOWN * (len(word) - 1) for word in words)
    word = words[0] if words else ""
    if len(word) <= 2:
        return word[:1] + _SHOWN * max(1, len(word) - 1)
    return word[0] + _SHOWN * (len(word) - 2) + word[-1]
