"""What an event is called, and which of its fields a model or an analyst is shown.

The rules are those of sftsec's connector for Splunk: the same event has one name and one text,
whichever way it comes.
"""

from __future__ import annotations

import re

from sftsec_app.rows import Row, Value, first

UID = "incident_uid"
# How Enterprise Security names its own; in a log they may be anything.
_NAMES = frozenset({"event_id", "event_hash", "rule_id", "finding_id"})
_IN_A_NAME = "@@"
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


def incident_uid(row: Row) -> str:
    """Name a row as the macro `sftsec_uid` does; "" where it has no name that stays."""
    found = first(row, UID) or _named(row)
    if found:
        return found
    bucket, place = first(row, "_bkt"), first(row, "_cd")
    return f"{bucket}@@{place}" if bucket and place else ""


def is_private(name: str, *, reviewed: bool = False) -> bool:
    """Whether a field holds what analysts or sftsec said.

    Args:
        name: the field's.
        reviewed: whether the row is of Enterprise Security's: more names are a review's there.
    """
    if _PRIVATE.fullmatch(name):
        return True
    return reviewed and (name == "_raw" or _REVIEWED.fullmatch(name) is not None)


def is_reviewed(row: Row) -> bool:
    """Whether a row is a notable event or a finding."""
    return bool(_named(row))


def _named(row: Row) -> str:
    """What Enterprise Security calls a row; "" where it is none of its.

    Its event_id holds @@; that of a log (4624, say) is the kind of an event, and no name.
    """
    event_id = first(row, "event_id")
    return event_id if _IN_A_NAME in event_id else first(row, "finding_id")


def event_fields(row: Row) -> dict[str, Value]:
    """The fields of a row's event: without Splunk's own, an analyst's words, or ours."""
    reviewed = is_reviewed(row)
    return {
        name[:-2] if name.endswith("{}") else name: value
        for name, value in row.items()
        if (name == "_raw" or not name.startswith("_"))
        and not _NOISE.fullmatch(name)
        and not (reviewed and name in _NAMES)
        and not is_private(name, reviewed=reviewed)
    }


def event_time(row: Row) -> float | None:
    """When the event happened, in seconds since 1970; None where the row does not say."""
    for name in ("orig_time", "_time"):
        try:
            return float(first(row, name))
        except ValueError:
            continue
    return None
