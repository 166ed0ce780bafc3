"""Times of foreign systems: which forms are read, and which instants are believed.

reader = TimeReader(formats=("%d/%m/%Y %H:%M:%S", "epoch_ms"), zone="Europe/Berlin")
reader.read("05/01/2026 08:00:00")  # 2026-01-05 08:00 in Berlin
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sftsec_core.sdk.time_forms import TimeError, read_console_time, zone_named

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

_1970 = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_YEAR = 1990
_EARLIEST = datetime(_FIRST_YEAR, 1, 1, tzinfo=UTC)
# Times of an earlier month are past in every zone: most need no look at the clock.
_YEAR, _MONTH = datetime.now(UTC).year, datetime.now(UTC).month
_AHEAD = timedelta(days=1)
# A second of each unit, the largest first, and from which number on it is meant. Between 1991
# and 2100 no two units share a number.
_PER_SECOND = {"epoch_ns": 10**9, "epoch_us": 10**6, "epoch_ms": 10**3, "epoch": 1}
_FROM = ((10**17, 10**9), (10**14, 10**6), (10**11, 10**3))
# Ticks since 1601 (Windows) and since the year 1 (.NET) would be nanoseconds of 1973 to 1990.
_TICKS_UNTIL = 663 * 10**15
_NUMBER = re.compile(r"[+-]?\d{1,30}(?:\.\d*)?", re.ASCII)
_SCIENTIFIC = re.compile(r"([+-]?\d(?:\.(\d+))?)e\+?(\d{1,2})", re.IGNORECASE | re.ASCII)
_BASIC = re.compile(
    r"\d{8}(?:[Tt ]\d{2}(?:\d{2}(?:\d{2}(?:[.,]\d+)?)?)?(?:Z|[+-]\d{2}:?(?:\d{2})?)?)?"
)
_DATE_DIGITS, _COMPACT_DIGITS = 8, 14
_POWERSHELL = re.compile(r"/Date\((-?\d{1,17})(?:[+-]\d{4})?\)/")  # milliseconds, always of UTC
_LONG_FRACTION = re.compile(r"([.,]\d{6})\d+")
NAMED_FORMATS = ("auto", "iso", *reversed(_PER_SECOND))


class TimeReader:
    """Reads times in the forms of a closed list."""

    def __init__(
        self, formats: Sequence[str] = ("auto",), zone: str = "UTC", *, any_time: bool = False
    ) -> None:
        """Prepare.

        Args:
            formats: those that are tried, in this order: of `NAMED_FORMATS`, or strptime's.
            zone: the IANA name of the zone of times that name none.
            any_time: whether times before 1990 and later than tomorrow are believed.

        Raises:
            ValueError: when a format or the zone is none.
        """
        for each in formats:
            check_format(each)
        self._formats = tuple(formats)
        self._usual = self._formats == ("auto",)
        self._zone: tzinfo = UTC if zone == "UTC" else zone_info(zone)
        self._any_time = any_time

    def read(self, value: object) -> datetime | None:
        """Read a text, a number, a datetime or a date, or a list of one of them.

        Of a local hour that the end of summer time repeats, the first is meant.

        Returns:
            The time with its zone, to the microsecond; None where there is none.

        Raises:
            TimeError: when it is not a time, or not one that can be believed.
        """
        if type(value) is str and self._usual and value[4:5] == "-" and value[10:11] in "T ":
            # The most frequent form, without another look at it.
            try:
                parsed = datetime.fromisoformat(value)
            except ValueError:
                parsed = self._read(value)
        else:
            if isinstance(value, list):
                if len(value) != 1:
                    raise TimeError(f"is a list of {len(value)}, not a time")
                value = value[0]
            if value is None or value == "":
                return None
            parsed = self._read(value)
        if parsed.tzinfo is None:
            parsed = parsed.replace(tzinfo=self._zone)
        year = parsed.year
        if not (_FIRST_YEAR < year < _YEAR or (year == _YEAR and parsed.month < _MONTH)):
            self._refuse_unlikely(parsed)
        return parsed

    def _refuse_unlikely(self, parsed: datetime) -> None:
        if self._any_time or _EARLIEST <= parsed <= datetime.now(UTC) + _AHEAD:
            return
        raise TimeError(
            "is outside 1990 to tomorrow: set `time_format` to what it is, or `any_time: true`"
        )

    def _read(self, value: object) -> datetime:
        if isinstance(value, str):
            return self._of_text(value)
        if isinstance(value, datetime):
            return value
        if isinstance(value, date):
            return datetime.combine(value, time.min)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise TimeError(f"is a {type(value).__name__}, not a time")
        return self._of_number(value)

    def _of_text(self, text: str) -> datetime:
        text = _tidy(text)
        if self._usual:
            return _auto(text)
        for each in self._formats:
            try:
                return _in_format(text, each)
            except ValueError:
                continue
        raise TimeError("is in none of the forms of `time_format`")

    def _of_number(self, number: float) -> datetime:
        if self._usual:
            return _since_1970(number)
        for each in self._formats:
            if each == "auto" or each in _PER_SECOND:
                return _since_1970(number, _PER_SECOND.get(each))
            if "%" in each:
                try:
                    return _strptime(str(number), each)
                except ValueError:
                    continue
        raise TimeError("is in none of the forms of `time_format`")


def check_format(form: str) -> None:
    """Check a format of times.

    Raises:
        ValueError: when it is neither a name nor strptime's, or does not give a whole date.
    """
    if form in NAMED_FORMATS:
        return
    if "%" not in form:
        names = ", ".join(NAMED_FORMATS)
        raise ValueError(f"{form!r} is no time format: {names}, or strptime's: '%d/%m/%Y %H:%M'")
    body = form.removesuffix("%Z")
    if "%Z" in body:
        raise ValueError(f"{form!r}: %Z can stand at the end only")
    sample = datetime(2011, 10, 13, 21, 14, 15, tzinfo=UTC)
    try:
        read = datetime.strptime(sample.strftime(body.strip()), body.strip())  # noqa: DTZ007 - its date alone is looked at
    except ValueError as error:
        raise ValueError(f"{form!r} is not a format of strptime: {error}") from error
    if read.date() != sample.date():
        raise ValueError(f"{form!r} does not give the year, the month and the day")


def zone_info(name: str) -> ZoneInfo:
    """The zone of an IANA name.

    Raises:
        ValueError: when there is none of the name.
    """
    try:
        return ZoneInfo(name)
    except (ValueError, KeyError, OSError) as error:
        raise ValueError(
            f"{name!r} is not a time zone of the IANA database: Europe/Berlin, say, or UTC"
        ) from error


def _tidy(text: str) -> str:
    return " ".join(text.split())  # browsers put a narrow space before AM and PM


def _auto(text: str) -> datetime:
    if _NUMBER.fullmatch(text):
        digits = len(text)
        if digits in (_DATE_DIGITS, _COMPACT_DIGITS) and text.isdigit():
            return _iso(text) if digits == _DATE_DIGITS else read_console_time(text)
        return _since_1970(_number(text))
    scientific = _SCIENTIFIC.fullmatch(text)
    if scientific:
        if len(scientific[2] or "") < int(scientific[3]):
            raise TimeError("is a number that has lost its last digits, as spreadsheets write it")
        return _since_1970(_number(text))
    if dated := _POWERSHELL.fullmatch(text):
        return _since_1970(int(dated[1]), _PER_SECOND["epoch_ms"])
    try:
        return _iso(text)
    except ValueError:
        return read_console_time(text)


def _iso(text: str) -> datetime:
    """Read ISO 8601; its basic form needs a T, so that it swallows no number."""
    extended = text[4:5] == "-" and text[10:11] in "Tt "
    if not extended and not _BASIC.fullmatch(text):
        raise TimeError("is not an ISO 8601 time")
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise TimeError("is not an ISO 8601 time") from None


def _since_1970(number: float | Decimal, per_second: int | None = None) -> datetime:
    if per_second is None and _FROM[0][0] <= number < _TICKS_UNTIL:
        raise TimeError("is a number of ticks, of Windows or .NET: write it as a date")
    try:
        if per_second is None:
            size = abs(int(number))
            per_second = next((per for least, per in _FROM if size >= least), 1)
        if isinstance(number, float):
            return datetime.fromtimestamp(number / per_second, UTC)
        return _1970 + timedelta(microseconds=int(number * 10**6 // per_second))
    except (OverflowError, ValueError, OSError):  # a NaN is a ValueError
        raise TimeError("is a number outside all times") from None


def _number(text: str) -> int | Decimal:
    return int(text) if text.isdigit() else Decimal(text)


def _in_format(text: str, form: str) -> datetime:
    if form == "auto":
        return _auto(text)
    if form == "iso":
        return _iso(text)
    if form in _PER_SECOND:
        if not _NUMBER.fullmatch(text):
            raise TimeError("is not a number")
        return _since_1970(_number(text), _PER_SECOND[form])
    return _strptime(text, form)


def _strptime(text: str, form: str) -> datetime:
    if "%f" in form:  # which reads six digits at most
        text = _LONG_FRACTION.sub(r"\1", text)
    if not form.endswith("%Z"):
        return datetime.strptime(text, form)  # noqa: DTZ007 - the reader's zone is given to it
    # strptime takes the names of this machine's zone alone, and then drops them.
    body, _, name = text.rpartition(" ")
    found = datetime.strptime(body, form.removesuffix("%Z").rstrip())  # noqa: DTZ007 - as above
    return found.replace(tzinfo=zone_named(name))
