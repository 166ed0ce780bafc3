"""An event as a playbook hands it over: its fields, its name, its time.

The rules are those of sftsec's app and connector for Splunk: the same event has one name and one
text, whichever way it comes.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from .errors import AppError

Value = str | list[str]
Fields = dict[str, Value]

UID = "incident_uid"
_MAX_DEPTH = 20
_IN_A_NAME = "@@"
# How Enterprise Security names its own; in a log they may be anything.
_NAMES = frozenset({"event_id", "event_hash", "rule_id", "finding_id"})
# What Splunk says of an event, and nobody ever wrote.
_NOISE = re.compile(
    r"linecount|splunk_server(_group)?|punct|timestartpos|timeendpos|date_\w+|eventtype|"
    r"tag(::.*)?|info_\w+|detection_id|incident_uid"
)
# What analysts said, and what sftsec said: a model that read it would learn nothing else.
_PRIVATE = re.compile(
    r"sftsec_.*|disposition.*|verdicts?(_.*)?|review(er|ed|_).*|analyst|labels?_by|"
    r"investigation_.*|notable_xref.*"
)
# In Enterprise Security these are words of a review; in a log they may be anything.
_REVIEWED = re.compile(
    r"status(_.*)?|owner(_.*)?|comments?|urgency|assignee(_.*)?|closed_by|notes?|count_findings|"
    r"consolidated_findings.*|(create|update)_time|sensitivity"
)


def read_fields(text: str) -> Fields:
    """The fields of an event, flat, from JSON; what is empty is left out.

    Args:
        text: an object, nested or with dotted names; "" for none.

    Raises:
        AppError: when it is none.
    """
    if not text.strip():
        return {}
    try:
        found = json.loads(text)
        flat = dict(_flat(found, "", _MAX_DEPTH)) if isinstance(found, dict) else None
    except (ValueError, RecursionError):
        flat = None
    if flat is None:
        raise AppError(
            f'fields must be a JSON object, {{"src": "10.0.0.1"}}, of {_MAX_DEPTH} levels at most'
        )
    return {name: value for name, value in flat.items() if value}


def _flat(found: Mapping[str, Any], prefix: str, left: int) -> Iterator[tuple[str, Value]]:
    if left <= 0:
        raise RecursionError
    for name, value in found.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.", left - 1)
        elif isinstance(value, list):
            yield prefix + name, [_text(each) for each in value if each is not None]
        else:
            yield prefix + name, _text(value)


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def first(fields: Mapping[str, Value], name: str) -> str:
    """A field's value, the first of several; "" without one."""
    value = fields.get(name, "")
    return value if isinstance(value, str) else (value[0] if value else "")


def incident_uid(fields: Mapping[str, Value], given: str = "") -> str:
    """Name an event as the macro `sftsec_uid` does; "" where it has no name that stays.

    Args:
        fields: the event's.
        given: the name that the playbook has for it; it comes first.
    """
    found = given.strip() or first(fields, UID) or _named(fields)
    if found:
        return found
    bucket, place = first(fields, "_bkt"), first(fields, "_cd")
    return f"{bucket}@@{place}" if bucket and place else ""


def event_fields(fields: Mapping[str, Value]) -> Fields:
    """What a model or an analyst is shown: nothing of Splunk's own, an analyst's, or ours."""
    reviewed = bool(_named(fields))
    return {
        name.removesuffix("{}"): value
        for name, value in fields.items()
        if (name == "_raw" or not name.startswith("_"))
        and not _NOISE.fullmatch(name)
        and not (reviewed and name in _NAMES)
        and not is_private(name, reviewed=reviewed)
    }


def is_private(name: str, *, reviewed: bool = False) -> bool:
    """Whether a field holds what analysts or sftsec said.

    Args:
        name: the field's.
        reviewed: whether the event is of Enterprise Security's: more names are a review's there.
    """
    if _PRIVATE.fullmatch(name):
        return True
    return reviewed and (name == "_raw" or _REVIEWED.fullmatch(name) is not None)


def event_time(fields: Mapping[str, Value]) -> float | None:
    """When the event happened, in seconds since 1970; None where it does not say."""
    for name in ("orig_time", "_time"):
        try:
            seconds = float(first(fields, name))
        except ValueError:
            continue
        if math.isfinite(seconds):
            return seconds
    return None


def _named(fields: Mapping[str, Value]) -> str:
    """What Enterprise Security calls it; "" where it is none of its.

    Its event_id holds @@; that of a log (4624, say) is the kind of an event, and no name.
    """
    event_id = first(fields, "event_id")
    return event_id if _IN_A_NAME in event_id else first(fields, "finding_id")
