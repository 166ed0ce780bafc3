"""The closed list of forms in which consoles and mail write times.

Each form says which number is the day: nothing is guessed. What is in no form has a reason.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

_DAY = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6},? )?"
_MONTH = (
    r"(?P<name>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_HOUR = r"(?P<H>\d{1,2}):(?P<M>\d{2})(?::(?P<S>\d{2})(?:[.,](?P<f>\d{1,9}))?)?"
_HALF = r"(?P<half>[ap]\.?m\.?)"
_ZONE = r"(?: ?(?P<zone>[+-]\d{2}(?::?\d{2})?|z|[a-z][a-z_/+:0-9-]*)(?: \([^()]*\))?)?"
_YEAR = r"(?P<y>\d{4})"
_DATE_DAY = r"(?P<d>\d{1,2})"
_CLOCK = rf"{_HOUR}(?: ?{_HALF})?{_ZONE}"
_FORMS = tuple(
    re.compile(form, re.IGNORECASE | re.ASCII)
    for form in (
        # 2026/01/05 08:00:00, 2026-01-05 08:00:00 UTC
        rf"{_YEAR}(?P<sep>[-/.])(?P<m>\d{{1,2}})(?P=sep){_DATE_DAY}(?:(?:[T ]|, ?){_CLOCK})?",
        # Kibana: Jan 5, 2026 @ 08:00:00.000; Defender: Jan 5, 2026 8:00:00 AM
        rf"{_DAY}{_MONTH} {_DATE_DAY},? {_YEAR}(?:(?:,? |,? @ ?|,? at ){_CLOCK})?",
        # RFC 5322: Mon, 05 Jan 2026 08:00:00 +0100; web servers: 05/Jan/2026:08:00:00 +0100
        rf"{_DAY}{_DATE_DAY}(?P<sep>[ /-]){_MONTH}(?P=sep){_YEAR}(?:(?::|,? ){_CLOCK})?",
        # Jira: 05/Jan/26 8:00 AM; with hyphens the year may come first
        rf"{_DATE_DAY}/{_MONTH}/(?P<yy>\d{{2}})(?:,? {_CLOCK})?",
        # 05.01.2026 08:00:00: points and the year last stand for day first
        rf"{_DATE_DAY}\.(?P<m>\d{{1,2}})\.{_YEAR}(?:,? {_CLOCK})?",
        # Log Analytics: 1/5/2026, 8:00:00.000 AM: the comma with AM or PM stands for month first
        rf"(?P<m>\d{{1,2}})/{_DATE_DAY}/{_YEAR}, {_HOUR} ?{_HALF}{_ZONE}",
        # C's ctime and `date`: Mon Jan  5 08:00:00 UTC 2026
        rf"{_DAY}{_MONTH} {_DATE_DAY} {_HOUR}(?: (?P<zone>[a-z]+))? {_YEAR}",
        r"(?P<y>\d{4})(?P<m>\d\d)(?P<d>\d\d)(?P<H>\d\d)(?P<M>\d\d)(?P<S>\d\d)",
    )
)
_AMBIGUOUS = re.compile(r"\d{1,2}[/-]\d{1,2}[/-]\d{2,4}(?!\d)")
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec"
_NUMBERS = {name: number for number, name in enumerate(_MONTHS.split(), 1)}
# Hours east of Greenwich. Names that two zones share (CST, IST, BST, ...) are left out.
_HOURS = {
    **dict.fromkeys(("z", "utc", "gmt", "ut"), 0.0),
    **{"wet": 0, "west": 1, "cet": 1, "cest": 2, "eet": 2, "eest": 3, "msk": 3, "sast": 2},
    **{"jst": 9, "kst": 9, "hkt": 8, "awst": 8, "acst": 9.5, "acdt": 10.5, "aest": 10},
    **{"aedt": 11, "nzst": 12, "nzdt": 13, "edt": -4, "mdt": -6, "pdt": -7, "akst": -9},
    **{"akdt": -8, "hst": -10},
}
# RFC 5322 gives these a meaning in mail, and there alone.
_MAIL_HOURS = {"est": -5, "cst": -6, "cdt": -5, "mst": -7, "pst": -8}
_OFFSET = re.compile(r"(?:UTC|GMT)?([+-])(\d{1,2})(?::?(\d{2}))?", re.IGNORECASE | re.ASCII)
_IS_MAIL = re.compile(r"[a-z]{3}, \d", re.IGNORECASE)


class TimeError(ValueError):
    """A value that is no time in an accepted form; the message quotes nothing of it."""


def read_console_time(text: str) -> datetime:
    """Read a time as consoles, mail and web servers write it.

    Args:
        text: without space at its ends; runs of spaces are one.

    Returns:
        The time; without a zone where the text has none.

    Raises:
        TimeError: when it is in none of the forms, or leaves open which number is the month.
    """
    for form in _FORMS:
        found = form.fullmatch(text)
        if found:
            return _built(found.groupdict(), is_mail=bool(_IS_MAIL.match(text)))
    if _AMBIGUOUS.match(text):
        raise TimeError(
            "is a date of which the order of day and month is not known: set `time_format`, "
            "such as '%d/%m/%Y %H:%M:%S'"
        )
    raise TimeError("is not a time in a known form: set `time_format`")


def zone_named(name: str, *, is_mail: bool = False) -> tzinfo:
    """Read an offset, an unambiguous abbreviation, or a name such as Europe/Berlin.

    Args:
        name: as a text has it.
        is_mail: whether the abbreviations of RFC 5322 have its meaning.

    Raises:
        TimeError: when it is none, or an abbreviation that several zones share.
    """
    offset = _OFFSET.fullmatch(name)
    if offset:
        hours, minutes = int(offset[2]), int(offset[3] or 0)
        if hours > 14 or minutes > 59:  # Kiribati is the furthest
            raise TimeError("has an offset from UTC that no zone has")
        span = timedelta(hours=hours, minutes=minutes)
        return timezone(-span if offset[1] == "-" else span) if span else UTC
    lower = name.lower()
    known = _HOURS | _MAIL_HOURS if is_mail else _HOURS
    if lower in known:
        return timezone(timedelta(hours=known[lower])) if known[lower] else UTC
    zone = _iana(name)
    if zone is None:
        raise TimeError("names a time zone that is not known, or that several zones share")
    return zone


@lru_cache(maxsize=256)
def _iana(name: str) -> ZoneInfo | None:
    """The zone of the tz database; its legacy names without a slash (EST) are abbreviations."""
    if "/" not in name:
        return None
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return None


def _built(parts: dict[str, str | None], *, is_mail: bool) -> datetime:
    month = _NUMBERS[name[:3].lower()] if (name := parts.get("name")) else int(parts["m"] or 0)
    hour = int(parts.get("H") or 0)
    if half := parts.get("half"):
        if not 1 <= hour <= 12:
            raise TimeError("has an hour that no clock with AM and PM has")
        hour = hour % 12 + (12 if half[0] in "pP" else 0)
    micros = int((parts.get("f") or "0").ljust(6, "0")[:6])
    name = parts.get("zone")
    zone = zone_named(name, is_mail=is_mail) if name else None
    day, minute, second = int(parts["d"] or 0), int(parts.get("M") or 0), int(parts.get("S") or 0)
    year = 2000 + int(short) if (short := parts.get("yy")) else int(parts["y"] or 0)
    try:
        return datetime(year, month, day, hour, minute, second, micros, tzinfo=zone)
    except ValueError:
        raise TimeError("names a day or an hour that does not exist") from None
