"""Which field holds the event's time, which the verdict's, and in what form."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sftsec_core.sdk.time_forms import TimeError
from sftsec_core.sdk.times import TimeReader

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sftsec_core.config.suggest.profile import Column

_READ = 2000
_FULL = 0.8  # of the records of the fullest field: what another one needs to be preferred
_VERDICT = re.compile(
    r"\b(?:closed|closing|resolved|resolution|reviewed|judged|labell?ed|verdict|triaged|decided|"
    r"last modified|modified|updated|last update|abgeschlossen|bewertet|geschlossen|geändert|"
    r"gelöst|clôturé|fermé|cerrado|chiuso|gesloten|fechado)\b"
)
_EVENT = (
    re.compile(
        r"\b(?:event|occurred|detected|detection|received|sent|first seen|start|erkannt|"
        r"ereigniszeit|empfangen|aufgetreten)\b"
    ),
    re.compile(
        r"\b(?:timestamp|created|generated|published|creation|opened|reported|raised|time|"
        r"zeitstempel|erstellt|erfasst|gemeldet|eröffnet|créé|creado|creato|aangemaakt|criado)\b"
    ),
    re.compile(r"\b(?:date|datetime|day|when|ts|datum|zeit|uhrzeit|fecha)\b"),
)
# What a platform did with a record after it happened: no time of the event beside another one.
_LATER = re.compile(
    r"\b(?:ingested|ingestion|indexed|inserted|imported|collected|processed|write|written|"
    r"expires?|expiration|expiry)\b"
)
_PLATFORMS = frozenset({"@timestamp", "_time"})  # Elastic's and Splunk's own name of it
_SAYS_TIME = re.compile(r"\b(?:time|timestamp|date|datetime)\b")
_NAMES_UTC = re.compile(r"\b(?:utc|gmt|z)\b")
_ORDERS = re.compile(r"(\d{1,2})([/.-])(\d{1,2})\2(\d{2}|\d{4})\b(.*)")
_CLOCK = re.compile(r"(?=.*\d{1,2}[:.h]\d{2})(?=.*\d.*\d.*\d.*\d)[^\n]{6,40}")
_CLOCKS = ("", "%H:%M:%S", "%H:%M", "%I:%M:%S %p", "%I:%M %p", "%H:%M:%S.%f")


@dataclass(frozen=True, slots=True)
class TimeForm:
    """How a field's times are written.

    Attributes:
        form: for `time_format`; None where the usual forms are.
        zone: whether every time names its zone, or the field's name says UTC.
        fits: whether every value of the sample is read so.
        ambiguous: whether day and month may be exchanged.
    """

    form: str | None
    zone: bool
    fits: bool
    ambiguous: bool = False


def time_form(column: Column) -> TimeForm | None:
    """How the field's times are written; None when it holds none.

    A number is a time only where the name says so: sizes and ids are numbers too.
    """
    every = list(column.values)
    values = every[:_READ]
    if not values or (column.is_number and not (is_event(column) or is_verdict(column))):
        return None
    reader, failed, zoned = TimeReader(), 0, True
    for value in values:
        try:
            found = reader.read(value)
        except TimeError:
            failed += 1
        else:
            zoned = zoned and found is not None and (column.is_number or _has_zone(value))
    named = zoned or bool(_NAMES_UTC.search(column.words))
    if failed <= len(values) * 0.05:
        return TimeForm(None, named, failed == 0)
    return _numeric_form(every, named=bool(_NAMES_UTC.search(column.words)))


def is_event(column: Column) -> int:
    """How much the name speaks for the event's time: 4 to 1; 0 for nothing."""
    if column.name in _PLATFORMS:
        return len(_EVENT) + 1
    return next((3 - n for n, each in enumerate(_EVENT) if each.search(column.words)), 0)


def looks_like_time(column: Column) -> bool:
    """Whether its name and nearly all its values are a time's, be its form known or not."""
    return bool(is_event(column) or is_verdict(column)) and column.part(_CLOCK) > _FULL


def is_event_time(column: Column) -> bool:
    """Whether it holds times, and its name says so: `id.time` is no id."""
    return bool(_SAYS_TIME.search(column.words)) and time_form(column) is not None


def is_verdict(column: Column) -> bool:
    """Whether the name is that of the time of a verdict or of a later change."""
    return bool(_VERDICT.search(column.words))


def choose_time(columns: Iterable[Column]) -> tuple[Column, TimeForm] | None:
    """The field with the event's time: by its name, then by how full it is.

    One that many records lack, such as the start of a flow in the lines of a sensor, comes after
    one that they have.
    """
    found = [(c, form) for c in columns if (form := time_form(c)) and not is_verdict(c)]
    most = max((c.filled for c, _ in found if not _LATER.search(c.words)), default=0)
    best = sorted(
        found,
        key=lambda pair: (
            pair[0].filled < most * _FULL,
            -pair[1].fits,
            bool(_LATER.search(pair[0].words)),
            -is_event(pair[0]),
            -pair[0].filled,
        ),
    )
    return best[0] if best else None


def choose_verdict_time(columns: Iterable[Column], form: TimeForm | None) -> Column | None:
    """The field with the verdict's time, when it is written as the event's is.

    None where its day and month may be exchanged: a run would reject every record for it.

    Args:
        columns: the fields.
        form: how the event's times are written; its `form` says which comes first.
    """
    for column in columns:
        if not re.search(r"\b(?:modified|updated?)\b", column.words) and is_verdict(column):
            own = time_form(column)
            if own and own.ambiguous and form and form.form and not form.ambiguous:
                fits = all(_reads(value, form.form) for value in column.values)
                own = TimeForm(form.form, own.zone, fits)
            if own and own.fits and not own.ambiguous and (form is None or own.form == form.form):
                return column
    return None


def _has_zone(value: str) -> bool:
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return bool(re.search(r"(?:[+-]\d{2}:?\d{2}|\b[A-Z]{3,4}|Z)\s*$", value)) and not (
            re.search(r"\b[AP]M\s*$", value)
        )


def _numeric_form(values: Sequence[str], *, named: bool) -> TimeForm | None:
    """The order of day and month that all values allow: 13/01 and 01/13 tell, 05/01 does not."""
    parts = [_ORDERS.fullmatch(value.strip()) for value in values]
    first = next((part for part in parts if part), None)
    if first is None or not all(parts):
        return None
    fits = [
        form
        for form in _candidates(first[2], len(first[4]))
        if all(_reads(value, form) for value in values)
    ]
    orders = {form[:2] for form in fits}
    if not fits:
        return None
    return TimeForm(fits[0], named, True, ambiguous=len(orders) > 1)


def _candidates(separator: str, digits: int) -> list[str]:
    year = "%Y" if digits == 4 else "%y"
    # Where points stand, the day comes first.
    orders = (("%d", "%m"),) if separator == "." else (("%d", "%m"), ("%m", "%d"))
    return [
        f"{separator.join((*order, year))}{' ' if clock else ''}{clock}"
        for order in orders
        for clock in _CLOCKS
    ]


def _reads(value: str, form: str) -> bool:
    try:
        TimeReader((form,)).read(value)
    except (TimeError, ValueError):
        return False
    return True
