"""How a Splunk event is named, and which of its fields a model or an analyst may see.

The same event has the same name and the same fields, whether the connector, the Splunk app, its
labelling page or the SOAR app reads it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, TypeVar, Union

FieldValue = Union[str, list[str]]
V = TypeVar("V")

DETECTION_TYPE = "sftsec:detection"  # the sourcetype of our own detections
# The name of an event as an expression of eval. Enterprise Security's event_id holds @@; the
# event_id of a log (4624, say) is a kind of event and no name. An event with a place in an index
# has any fields that its author likes: its incident_uid would be the name of another event. Only
# our detections are called by it, and the rows of a table, which have no place.
_WITHOUT_PLACE = "isnull(_bkt) OR isnull(_cd)"
_OWN_NAME = 'if(like(event_id, "%@@%"), event_id, null()), finding_id, _bkt."@@"._cd'
UID_EXPRESSION = (
    f'coalesce(if({_WITHOUT_PLACE} OR sourcetype="{DETECTION_TYPE}", incident_uid, null()), '
    f"{_OWN_NAME})"
)
# The name of the record itself, where a detection is not called by its event.
RECORD_EXPRESSION = f"coalesce(if({_WITHOUT_PLACE}, incident_uid, null()), {_OWN_NAME})"
_NAME_MARK = "@@"
# The names that Enterprise Security gives; in a log these fields may hold anything.
IDENTITY_FIELDS = frozenset({"event_id", "event_hash", "rule_id", "finding_id"})
# Fields that Splunk adds to an event.
_METADATA = (
    r"linecount|splunk_server(_group)?|punct|timestartpos|timeendpos|date_\w+|eventtype|"
    r"tag(::.*)?|info_\w+|detection_id|incident_uid"
)
# Fields that hold a verdict or a score: a model that read them would learn nothing else.
_PRIVATE = (
    r"sftsec_.*|disposition.*|verdicts?(_.*)?|review(er|ed|_).*|analyst|labels?_by|"
    r"investigation_.*|notable_xref.*"
)
# Fields of a review in Enterprise Security; in a log these fields may hold anything.
_REVIEW = (
    r"status(_.*)?|owner(_.*)?|comments?|urgency|assignee(_.*)?|closed_by|notes?|count_findings|"
    r"consolidated_findings.*|(create|update)_time|sensitivity"
)
# These flags make a pattern mean the same in JavaScript, there with the flag `s`.
_FLAGS = re.ASCII | re.DOTALL
_METADATA_NAME = re.compile(_METADATA, _FLAGS)
_PRIVATE_NAME = re.compile(_PRIVATE, _FLAGS)
_REVIEW_NAME = re.compile(_REVIEW, _FLAGS)
_FINER_FROM = 1e11  # as seconds this is the year 5138


def first(row: Mapping[str, Any], name: str) -> str:
    """The value of a field, the first one of several; "" without a text."""
    value = row.get(name)
    if isinstance(value, list):
        value = value[0] if value else ""
    return value if isinstance(value, str) else ""


def finding_name(row: Mapping[str, Any]) -> str:
    """The name that Enterprise Security gave a notable event or a finding; "" for other rows."""
    event_id = first(row, "event_id")
    return event_id if _NAME_MARK in event_id else first(row, "finding_id")


def incident_uid(row: Mapping[str, Any]) -> str:
    """Name an event as `UID_EXPRESSION` does; "" where it has no lasting name."""
    bucket, address = first(row, "_bkt"), first(row, "_cd")
    place = f"{bucket}@@{address}" if bucket and address else ""
    given = not place or first(row, "sourcetype") == DETECTION_TYPE
    return (first(row, "incident_uid") if given else "") or finding_name(row) or place


def plain_name(name: str) -> str:
    """A field's name without `{}`, as Splunk writes that a part of it is a JSON array: `to{}`."""
    return name.replace("{}", "")


def is_metadata(name: str) -> bool:
    """Whether Splunk added the field: no source of events wrote it."""
    return _METADATA_NAME.fullmatch(name) is not None


def is_private(name: str, *, finding: bool = False) -> bool:
    """Whether a field holds a verdict or a score, so that no model may read it.

    Args:
        name: of the field.
        finding: whether the row is of Enterprise Security, where more fields are of a review.
    """
    if _PRIVATE_NAME.fullmatch(name):
        return True
    return finding and (name == "_raw" or _REVIEW_NAME.fullmatch(name) is not None)


def event_fields(row: Mapping[str, V]) -> dict[str, V]:
    """The fields of the event itself: no metadata of Splunk, no verdict, no score."""
    finding = bool(finding_name(row))
    return {
        name: value
        for name, value in _plain_names(row).items()
        if (name == "_raw" or not name.startswith("_"))
        and not is_metadata(name)
        and not (finding and name in IDENTITY_FIELDS)
        and not is_private(name, finding=finding)
    }


def event_time(row: Mapping[str, Any]) -> float | None:
    """When the event happened, in seconds since 1970; None where the row has no time."""
    for name in ("orig_time", "_time"):
        try:
            seconds = float(first(row, name))
        except ValueError:
            continue
        if math.isfinite(seconds):
            # Milliseconds and finer since 1970 are numbers that no second of our time has.
            while seconds >= _FINER_FROM:
                seconds /= 1000
            return seconds
    return None


def page_rules() -> dict[str, Any]:
    """The rules of `event_fields` as JSON, for the JavaScript of the labelling page."""
    return {
        "identity": sorted(IDENTITY_FIELDS),
        "metadata": _METADATA,
        "private": _PRIVATE,
        "review": _REVIEW,
        "mark": _NAME_MARK,
        "detection": DETECTION_TYPE,
    }


def _plain_names(row: Mapping[str, V]) -> dict[str, V]:
    return {plain_name(name): value for name, value in row.items()}
