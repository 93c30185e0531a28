"""Telephone numbers as trunks, phones and people write them, made into E.164.

Korea is home: a thin layer of our own knows its numbering plan, because libphonenumber calls 120, 109, 112 and 119 invalid and writes 050X
numbers wrongly. Foreign numbers are libphonenumber's. Whatever can't be understood is nobody's number: `withheld`, never an exception.

Short codes (112, 1366) have no E.164 form of their own; here they are "+82" and the code, with `kind` "short": unique, because no subscriber number of
Korea begins with 1 and is that short. 02-120 is "+822120". Representative numbers (15XX, 16XX, 18XX) are dialled without an area code and
are "+82" and their eight digits.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import unquote

_MAX_INPUT = 256
_AREAS = r"(?:2|3[1-3]|4[1-4]|5[1-5]|6[1-4])"


class Kind(StrEnum):
    """What sort of number it is."""

    #: 010 and the old 011, 016 to 019.
    MOBILE = "mobile"
    #: With an area code.
    LANDLINE = "landline"
    #: 070.
    INTERNET = "internet"
    #: 050X: a personal or safe number that leads to another one, which may change; 030 mail numbers.
    VIRTUAL = "virtual"
    #: 080, 060.
    SERVICE = "service"
    #: 15XX-XXXX and the like.
    REPRESENTATIVE = "representative"
    #: Three or four digits, alone or after an area code.
    SHORT = "short"
    #: Shaped like a number of Korea, but of no range this program knows.
    OTHER = "other"
    #: Of another country.
    FOREIGN = "foreign"
    #: The caller (or the network) does not say.
    WITHHELD = "withheld"
    #: Something was said, but it is no number.
    UNKNOWN = "unknown"


# The significant number (no 0 in front): groups are how people write it.
_PLAN: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    (Kind.MOBILE, re.compile(r"(10)(\d{4})(\d{4})")),
    (Kind.MOBILE, re.compile(r"(1[16-9])(\d{3,4})(\d{4})")),
    (Kind.INTERNET, re.compile(r"(70)(\d{4})(\d{4})")),
    (Kind.VIRTUAL, re.compile(r"(50\d)(\d{3,4})(\d{4})")),
    (Kind.VIRTUAL, re.compile(r"(30)(\d{3,4})(\d{4})")),
    (Kind.SERVICE, re.compile(r"([68]0)(\d{3,4})(\d{4})")),
    (Kind.REPRESENTATIVE, re.compile(r"()(1[568]\d\d)(\d{4})")),
    (Kind.LANDLINE, re.compile(rf"({_AREAS})([2-9]\d{{2,3}})(\d{{4}})")),
    (Kind.SHORT, re.compile(rf"({_AREAS})()(1\d\d)")),
    (Kind.SHORT, re.compile(r"()()(1\d{2,3})")),
)
# Some exchanges put the area code before numbers that have none.
_AREA_BEFORE_REPRESENTATIVE = re.compile(rf"{_AREAS}(1[568]\d{{6}})")
# Carriers' prefixes for a call abroad: 001, 002, 005, 006, 008; 00300, 00700 and the like.
_ABROAD = re.compile(r"00(?:[12568]|[3-7]\d\d)?")

_NOTHING_WORDS = (
    "anonymous unavailable restricted private unknown withheld blocked hidden none null nonumber noname id asserted-identity-unavailable "
    "발신번호표시제한 발신번호제한 발신번호없음 발신자표시제한 표시제한 비공개 알수없음"
)
_SAYS_NOTHING = frozenset(_NOTHING_WORDS.split())
_SEPARATORS = re.compile(r"[\s\-~.·•/\\()\[\]_\u2010-\u2015\u2212\u200b-\u200f\u202a-\u202e\u2060\ufeff]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """Who is calling, as far as the number says."""

    #: None if and only if `withheld`.
    e164: str | None
    #: There is no number to know the caller by. Two such callers are never matched to each other.
    withheld: bool
    kind: Kind

    def __repr__(self) -> str:
        # A record that finds its way into a log must not carry the number with it.
        return f"Number({self.masked}, {self.kind})"

    @property
    def masked(self) -> str:
        """See `mask`."""
        return mask(self.e164) if self.e164 else "—"

    @property
    def display(self) -> str:
        """As people write it here: 010-1234-5678, 1577-0199, +1 202-555-0123; empty if withheld."""
        return national(self.e164) if self.e164 else ""


def normalise(raw: str | None) -> Number:
    """Make a `Number` of a caller id, a SIP or tel URI, or what somebody typed. Never raises."""
    text = unicodedata.normalize("NFKC", (raw or "")[:_MAX_INPUT]).strip()
    user, host = _user_part(text)
    if _says_nothing(user) or host.endswith("anonymous.invalid"):
        return Number(e164=None, withheld=True, kind=Kind.WITHHELD)
    digits = _SEPARATORS.sub("", user)
    if not re.fullmatch(r"\+?[0-9]{2,20}", digits, re.ASCII):
        return _UNKNOWN
    return _read(digits)


def mask(e164: str) -> str:
    """Enough to recognise a number one knows, not enough to call it: +82 10-****-5678. Short codes belong to no person and stay."""
    if (found := _korean(e164)) is not None:
        kind, (area, middle, last) = found
        shown = (area, "*" * len(middle), last) if kind is not Kind.SHORT else (area, middle, last)
        return "+82 " + "-".join(group for group in shown if group)
    digits = e164.removeprefix("+")
    if not digits.isdecimal() or len(digits) < 8:
        return "****"
    code = len(str(_country(e164) or ""))
    return f"+{digits[:code]} {'*' * (len(digits) - code - 4)}{digits[-4:]}"


def national(e164: str) -> str:
    """As it is written, and dialled, in Korea; a foreign number in international form."""
    if (found := _korean(e164)) is not None:
        _, (area, middle, last) = found
        return "-".join(group for group in (area and f"0{area}", middle, last) if group)
    if e164.startswith("+82"):
        return f"0{e164[3:]}"
    from core import foreign_numbers  # noqa: PLC0415 - see there

    return foreign_numbers.international(e164)


_UNKNOWN = Number(e164=None, withheld=True, kind=Kind.UNKNOWN)


def _user_part(text: str) -> tuple[str, str]:
    """User and host of a URI (`"Name" <sip:user;params@host>`); for anything else the text itself and an empty host."""
    if (bracket := re.search(r"<([^<>]*)>", text)) is not None:
        text = bracket[1].strip()
    scheme = re.match(r"(sips?|tel):", text, re.IGNORECASE)
    if scheme is None and "@" not in text:
        return text.partition(";")[0].strip(), ""
    user, _, host = text[scheme.end() if scheme else 0 :].partition("@")
    user, _, parameters = user.partition(";")
    user = unquote(user.partition(":")[0]).strip()
    context = re.search(r"phone-context=(\+[0-9]+)", unquote(parameters))
    if context is not None and not user.startswith("+"):
        user = context[1] + user.lstrip("0")
    return user, re.split(r"[;:>?]", host, maxsplit=1)[0].strip().lower()


def _says_nothing(user: str) -> bool:
    word = re.sub(r"[\s\"'_.]+", "", user).lower().strip("-")
    return not word or word in _SAYS_NOTHING


def _read(digits: str) -> Number:
    if digits.startswith("+") and not digits.startswith("+0"):
        return _international(digits[1:]) or _UNKNOWN
    digits = digits.removeprefix("+")
    if digits.startswith("00"):
        return _from_abroad(digits) or _UNKNOWN
    if digits.startswith("0"):
        return _home(digits[1:]) or _other(digits[1:]) or _UNKNOWN
    # Without anything in front: a short or representative number, one whose 0 the trunk has dropped, or the country code without its +.
    if (number := _home(digits)) is not None:
        return number
    return (_international(digits) if len(digits) >= 10 else None) or _UNKNOWN


def _home(significant: str) -> Number | None:
    if (area := _AREA_BEFORE_REPRESENTATIVE.fullmatch(significant)) is not None:
        significant = area[1]
    for kind, pattern in _PLAN:
        if pattern.fullmatch(significant):
            return Number(e164=f"+82{significant}", withheld=False, kind=kind)
    return None


def _other(significant: str) -> Number | None:
    """A range that was opened after this was written must not make its callers nobody."""
    if re.fullmatch(r"[1-9]\d{7,10}", significant):
        return Number(e164=f"+82{significant}", withheld=False, kind=Kind.OTHER)
    return None


def _international(digits: str) -> Number | None:
    """Digits that begin with a country code."""
    if digits.startswith("82"):
        return _home(significant := digits[2:].lstrip("0")) or _other(significant)
    from core import foreign_numbers  # noqa: PLC0415 - see there

    e164 = foreign_numbers.read(f"+{digits}")
    return Number(e164=e164, withheld=False, kind=Kind.FOREIGN) if e164 else None


def _from_abroad(digits: str) -> Number | None:
    """`00` and a country code, or the prefix of a Korean carrier and a country code; a valid number decides which."""
    prefix = _ABROAD.match(digits)
    rests = [digits[2:], *([digits[prefix.end() :]] if prefix is not None else []), digits[3:]]
    candidates = [number for rest in rests if rest and rest[0] != "0" and (number := _international(rest)) is not None]
    from core import foreign_numbers  # noqa: PLC0415 - see there

    for number in candidates:
        if number.kind is not Kind.FOREIGN or foreign_numbers.is_valid(number.e164 or ""):
            return number
    return candidates[0] if candidates else None


def _korean(e164: str) -> tuple[Kind, tuple[str, str, str]] | None:
    if not e164.startswith("+82"):
        return None
    for kind, pattern in _PLAN:
        if (match := pattern.fullmatch(e164[3:])) is not None:
            area, middle, last = match.groups()
            return kind, (area, middle, last)
    return None


def _country(e164: str) -> int | None:
    from core import foreign_numbers  # noqa: PLC0415 - see there

    return foreign_numbers.country(e164)
