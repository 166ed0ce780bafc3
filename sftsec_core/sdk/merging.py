"""Records of one event, brought together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from sftsec_core.api.domain import Incident


def merge_incidents(incidents: Iterable[Incident]) -> list[Incident]:
    """Return one incident an event: several detections, or several records, may be about it.

    Records of one uid, time and content are one event. Where the uid is no name of its own (a
    field that the source calls so, an `_id` in two shards), others are not, nor are their verdicts.
    """
    merged: list[Incident] = []
    places: dict[tuple[str, datetime | None], list[int]] = {}
    for each in incidents:
        here = places.setdefault((each.uid, each.at), [])
        place = next((n for n in here if merged[n].fields == each.fields), None)
        if place is None:
            here.append(len(merged))
            merged.append(each)
        else:
            before = merged[place]
            verdicts = tuple(dict.fromkeys((*before.verdicts, *each.verdicts)))
            merged[place] = replace(before, verdicts=verdicts)
    return merged
