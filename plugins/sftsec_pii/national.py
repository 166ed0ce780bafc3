"""Finds national identity numbers by their check digits; off unless asked.

A number that only digits make up needs the word that names it nearby, since one number in ten or
eleven passes a check digit by chance; a number with a form of its own does not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import reduce

from sftsec_pii.checks import luhn
from sftsec_pii.span import Span
from sftsec_pii.words import ScannedText

_DNI_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"
_NIE = str.maketrans("XYZ", "012")
_FISCAL_MONTHS = "ABCDEHLMPRST"
_FISCAL_ODD = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25)
_FISCAL_ODD_LETTERS = (*_FISCAL_ODD, 24, 23)
_VERHOEFF = (
    "0123456789", "1576283094", "5803796142", "8916043527", "9453126870",
    "4286573901", "2793806415", "7046913258",
)  # fmt: skip
_DIHEDRAL = (
    "0123456789", "1234067895", "2340178956", "3401289567", "4012395678",
    "5987604321", "6598710432", "7659821043", "8765932104", "9876543210",
)  # fmt: skip
_POLISH = (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)
_RESIDENT = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_KOREAN = (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)
_FINNISH = "0123456789ABCDEFHJKLMNPRSTUVWXY"
_DIGITS = re.compile(r"\d\d")


def has_national_id(scanned: ScannedText) -> bool:
    """Whether a national identity number may be there."""
    return _DIGITS.search(scanned.text) is not None


def is_steuer_id(number: str) -> bool:
    """Whether 11 digits are a German tax id: ISO 7064 MOD 11,10; one digit stands twice or so."""
    product = 10
    for digit in map(int, number[:10]):
        product = (digit + product) % 10 or 10
        product = product * 2 % 11
    twice = sorted(number[:10].count(digit) for digit in set(number[:10]))
    return number[0] != "0" and twice[-1] in (2, 3) and (11 - product) % 10 == int(number[10])


def is_nir(number: str) -> bool:
    """Whether 13 digits and a key are a French NIR; 2A and 2B stand for Corsica."""
    body = number[:13].replace("2A", "19").replace("2B", "18")
    return body.isdigit() and 97 - int(body) % 97 == int(number[13:])


def is_dni(number: str) -> bool:
    """Whether 8 digits, or X, Y or Z and 7, have the letter of a Spanish DNI or NIE."""
    return _DNI_LETTERS[int(number[:-1].translate(_NIE)) % 23] == number[-1]


def is_codice_fiscale(number: str) -> bool:
    """Whether 16 letters and digits have the check letter of an Italian codice fiscale."""
    total = 0
    for place, char in enumerate(number[:15]):
        value = int(char) if char.isdigit() else ord(char) - 65
        total += _FISCAL_ODD_LETTERS[value] if place % 2 == 0 else value
    return number[8] in _FISCAL_MONTHS and chr(total % 26 + 65) == number[15]


def is_bsn(number: str) -> bool:
    """Whether 9 digits pass the Dutch test of eleven."""
    weighted = sum(int(d) * w for d, w in zip(number, (9, 8, 7, 6, 5, 4, 3, 2, -1), strict=True))
    return weighted % 11 == 0 and int(number) > 0


def is_cpf(number: str) -> bool:
    """Whether 11 digits end with the two check digits of a Brazilian CPF."""
    for length in (9, 10):
        total = sum(int(number[place]) * (length + 1 - place) for place in range(length))
        if total * 10 % 11 % 10 != int(number[length]):
            return False
    return len(set(number)) > 1


def is_pesel(number: str) -> bool:
    """Whether 11 digits are a Polish PESEL, date and check digit."""
    weighted = sum(int(d) * w for d, w in zip(number, _POLISH, strict=True))
    month, day = int(number[2:4]) % 20, int(number[4:6])
    return weighted % 10 == 0 and 1 <= month <= 12 and 1 <= day <= 31


def is_aadhaar(number: str) -> bool:
    """Whether 12 digits that begin with 2 to 9 pass Verhoeff's check, as an Indian Aadhaar."""
    check = reduce(
        lambda c, item: int(_DIHEDRAL[c][int(_VERHOEFF[item[0] % 8][int(item[1])])]),
        enumerate(reversed(number)),
        0,
    )
    return check == 0 and number[0] > "1"


def is_resident_id(number: str) -> bool:
    """Whether 18 characters are a Chinese resident identity number (ISO 7064 MOD 11-2)."""
    total = sum(int(d) * w for d, w in zip(number, _RESIDENT, strict=False))
    return "10X98765432"[total % 11] == number[17] and number[6:8] in {"19", "20"}


def is_personnummer(number: str) -> bool:
    """Whether 10 or 12 digits are a Swedish personal number, date and Luhn digit."""
    short = number[-10:]
    return luhn(short) and 1 <= int(short[2:4]) <= 12 and 1 <= int(short[4:6]) % 60 <= 31


def is_hetu(number: str) -> bool:
    """Whether 11 characters are a Finnish personal identity code."""
    return _FINNISH[int(number[:6] + number[7:10]) % 31] == number[10]


def is_insee_belgium(number: str) -> bool:
    """Whether 11 digits are a Belgian national number (mod 97, with 2 before after 1999)."""
    body, key = int(number[:9]), int(number[9:])
    return key in (97 - body % 97, 97 - (2_000_000_000 + body) % 97)


def is_ahv(number: str) -> bool:
    """Whether 13 digits that begin with 756 have the check digit of a Swiss AHV number."""
    total = sum(int(d) * (3 if place % 2 else 1) for place, d in enumerate(number))
    return total % 10 == 0


def is_korean(number: str) -> bool:
    """Whether 13 digits are a Korean resident registration number."""
    total = sum(int(d) * w for d, w in zip(number, _KOREAN, strict=False))
    return (11 - total % 11) % 10 == int(number[12])


def is_nino(number: str) -> bool:
    """Whether the letters are given out in British insurance numbers, which have no check."""
    return number[:2] not in {"BG", "GB", "KN", "NK", "NT", "TN", "ZZ"}


_Check = Callable[[str], bool]
# A form of its own, and the check.
_FORMS: tuple[tuple[re.Pattern[str], _Check], ...] = (
    (
        re.compile(r"[12] ?\d\d ?(?:0[1-9]|1[0-2]|[2-9]\d) ?(?:\d\d|2[AB]) ?\d{3} ?\d{3} ?\d\d"),
        is_nir,
    ),
    (re.compile(r"(?:[XYZ]-?\d{7}|\d{8})-?[A-HJ-NP-TV-Z]"), is_dni),
    (re.compile(r"[A-Z]{6}\d\d[A-EHLMPRST]\d\d[A-Z]\d{3}[A-Z]"), is_codice_fiscale),
    (re.compile(r"\d{3}\.\d{3}\.\d{3}-\d\d"), is_cpf),
    (
        re.compile(r"[1-9]\d{5}(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])\d{3}[\dX]"),
        is_resident_id,
    ),
    (
        re.compile(r"(?:19|20)?\d\d(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01]|[678]\d|9[01])[-+]\d{4}"),
        is_personnummer,
    ),
    (re.compile(r"(?:[0-2]\d|3[01])(?:0[1-9]|1[0-2])\d\d[-+A-FU-Y]\d{3}[0-9A-Y]"), is_hetu),
    (re.compile(r"\d\d\.\d\d\.\d\d-\d{3}\.\d\d"), is_insee_belgium),
    (re.compile(r"756\.\d{4}\.\d{4}\.\d\d"), is_ahv),
    (re.compile(r"\d\d(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])-[1-4]\d{6}"), is_korean),
    (re.compile(r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d\d ?\d\d ?\d\d ?[A-D]"), is_nino),
    (re.compile(r"[2-9]\d{3} \d{4} \d{4}"), is_aadhaar),
)
# Digits alone, after the word that names them: the word, the check, how many digits.
_NAMED: tuple[tuple[re.Pattern[str], _Check, int], ...] = (
    (re.compile(r"(?:steuer|idnr|tax|tin)"), is_steuer_id, 11),
    (re.compile(r"(?:bsn|burgerservice|sofi)"), is_bsn, 9),
    (re.compile(r"cpf"), is_cpf, 11),
    (re.compile(r"pesel"), is_pesel, 11),
    (re.compile(r"(?:aadhaar|aadhar|uid)"), is_aadhaar, 12),
    (re.compile(r"(?:personn|pnr)"), is_personnummer, 10),
    (re.compile(r"(?:rijksregister|nationa?a?le?|nrn|registre)"), is_insee_belgium, 11),
    (re.compile(r"(?:ahv|avs)"), is_ahv, 13),
    (re.compile(r"(?:nir|secu|s\u00e9cu|insee)"), is_nir, 15),
)
_AFTER_WORD = re.compile(
    r"[\w.\-]{0,32}[^\w\n]{1,5}(?:is |nr\.? |no\.? )?(\d(?:[ .\-]?\d){8,14})(?!\w)"
)
_SIGNS = str.maketrans("", "", " .-+")


def national_ids(scanned: ScannedText) -> Iterator[Span]:
    """Identity numbers of DE, FR, ES, IT, NL, BR, PL, IN, CN, SE, FI, BE, CH, KR and GB."""
    text, low = scanned.text, scanned.low
    for pattern, check in _FORMS:
        for match in pattern.finditer(text):
            if _is_word(text, match.start(), match.end()):
                number = match[0].translate(_SIGNS)
                if check(match[0] if check is is_hetu else number):
                    yield Span(match.start(), match.end(), number)
    for pattern, check, length in _NAMED:
        for word in pattern.finditer(low):
            named = _AFTER_WORD.match(low, word.end())
            number = named[1].translate(_SIGNS) if named else ""
            if named and len(number) == length and check(number):
                yield Span(named.start(1), named.end(1), number)


def _is_word(text: str, start: int, end: int) -> bool:
    before, after = text[start - 1 : start], text[end : end + 2]
    decimal = after[:1] in (".", "-") and after[1:].isdigit()
    return not (before.isalnum() or before in (".", "-", "_")) and not (
        after[:1].isalnum() or decimal
    )
