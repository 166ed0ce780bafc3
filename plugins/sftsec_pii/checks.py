"""Check digits: what tells a card number or an IBAN from other digits."""

from __future__ import annotations

import re

_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
# What a card number of so many digits begins with. Longer ones are ids more often than cards, so
# that only the issuers that give them out count.
_LONG_ISSUERS = re.compile(r"62|50[123]8|5893|6304|6759|676[1-3]")
_ISSUERS = {
    13: re.compile(r"4"),  # Visa, before 2000
    14: re.compile(r"30[0-59]|3[689]"),  # Diners
    15: re.compile(r"3[47]|2131|1800"),  # Amex, JCB
    # Visa, Mastercard (51-55, 2221-2720), Mir, JCB, Discover, UnionPay, Maestro.
    16: re.compile(
        r"4|5|6[0-9]|35[2-8]|30[0-59]|3[689]|220[0-4]"
        r"|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)"
    ),
    17: _LONG_ISSUERS,
    18: _LONG_ISSUERS,
    19: re.compile(r"4|62|50[123]8|5893|6304|6759|676[1-3]"),
}
_CARD_GROUPS = frozenset(
    {(4, 4, 4, 4), (4, 6, 5), (4, 6, 4), (4, 4, 4, 4, 3), (4, 5, 6), (4, 4, 4, 2), (4, 4, 4, 1)}
)

_FIRST_OF_GROUPS = 4  # digits
MOST_GROUPS = 5

# Length by country, from the SWIFT IBAN registry.
_COUNTRIES_BY_LENGTH = {
    15: "NO",
    16: "BE",
    18: "DK FI FK FO GL NL SD",
    19: "MK SI",
    20: "AT BA EE KZ LT LU MN XK",
    21: "CH HR LI LV",
    22: "BG BH CR DE GB GE IE ME RS VA",
    23: "AE GI IL IQ OM SO TL",
    24: "AD CZ ES MD PK RO SA SE SK TN VG",
    25: "LY PT ST",
    26: "IS TR",
    27: "BI DJ FR GR IT MC MR SM",
    28: "AL AZ BY CY DO GT HU LB NI PL SV",
    29: "BR EG PS QA UA",
    30: "JO KW MU YE",
    31: "MT SC",
    32: "LC",
    33: "RU",
}
_IBAN_LENGTHS = {
    country: length for length, names in _COUNTRIES_BY_LENGTH.items() for country in names.split()
}
IBAN_LONGEST = 34


def luhn(digits: str) -> bool:
    """Whether the last digit is the Luhn check digit of the others (ISO/IEC 7812-1)."""
    total = sum(map(int, digits[-1::-2])) + sum(_DOUBLED[int(d)] for d in digits[-2::-2])
    return total % 10 == 0


def card_counts(sizes: list[int]) -> list[int]:
    """How many of the first groups, of so many digits each, may be a card number; most first."""
    if sizes[0] != _FIRST_OF_GROUPS:
        return [1] if sizes[0] in _ISSUERS else []
    return [n for n in range(len(sizes), 1, -1) if tuple(sizes[:n]) in _CARD_GROUPS]


def is_card(groups: list[str]) -> bool:
    """Whether groups of digits, as they stand between blanks or dashes, are a card number."""
    digits = "".join(groups)
    issuers = _ISSUERS.get(len(digits))
    if issuers is None or not issuers.match(digits):
        return False
    if len(groups) > 1 and tuple(map(len, groups)) not in _CARD_GROUPS:
        return False
    return len(set(digits)) > 1 and luhn(digits)


def iban_length(country: str) -> int:
    """How many characters an IBAN of this country has; 0 for a country without."""
    return _IBAN_LENGTHS.get(country.upper(), 0)


def is_iban(compact: str) -> bool:
    """Whether 15 to 34 letters and digits have the remainder 1 by 97 (ISO 13616)."""
    if not compact.isascii() or not compact.isalnum():
        return False
    rotated = compact[4:] + compact[:4]
    return int("".join(str(int(char, 36)) for char in rotated)) % 97 == 1
