"""Numbers of other countries, by libphonenumber. `core.phone` imports this at the first of them: most days have none, and its tables take
as long to load as a whole part of the program.
"""

from __future__ import annotations

import phonenumbers


def read(text: str) -> str | None:
    """The E.164 form of `+` and digits that may be a number of that country; None if they can't."""
    try:
        number = phonenumbers.parse(text)
    except phonenumbers.NumberParseException:
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) if phonenumbers.is_possible_number(number) else None


def is_valid(e164: str) -> bool:
    """Whether its country has given this number to anybody."""
    return phonenumbers.is_valid_number(phonenumbers.parse(e164))


def international(e164: str) -> str:
    """As it is written abroad; what is no number stays as it is."""
    try:
        return phonenumbers.format_number(phonenumbers.parse(e164), phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    except phonenumbers.NumberParseException:
        return e164


def country(e164: str) -> int | None:
    """The country code."""
    try:
        return phonenumbers.parse(e164).country_code
    except phonenumbers.NumberParseException:
        return None
