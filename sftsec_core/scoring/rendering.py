"""A page's incidents, cleaned and rendered, and what could not be."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sftsec_core.api.domain import Inputs, Rejection

if TYPE_CHECKING:
    from sftsec_core.api.domain import Incident
    from sftsec_core.scoring.scorer import Scorer


@dataclass(slots=True)
class PageErrors:
    """What could not be scored of a page."""

    rejected: list[Rejection] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    dropped: int = 0

    def reject(self, incident: Incident, what: str, error: BaseException | None = None) -> None:
        """Note an incident that cannot be scored, and why."""
        # Only the kind of error: its words may repeat the record.
        reason = what if error is None else f"{what} ({type(error).__name__})"
        digest = hashlib.sha256(incident.uid.encode("utf-8", "surrogatepass")).hexdigest()
        self.rejected.append(Rejection(incident.uid, reason, digest))


def clean(incidents: Sequence[Incident], scorer: Scorer, work: PageErrors) -> Sequence[Incident]:
    """What the steps make of incidents; those on which a step fails alone are rejected."""
    try:
        cleaned = scorer.steps(incidents) if incidents else ()
    except Exception as error:  # noqa: BLE001 - a plugin's step; one record must not end the run
        if len(incidents) == 1:
            work.reject(incidents[0], "a step failed on it", error)
            return ()
        return [clean for one in incidents for clean in clean([one], scorer, work)]
    work.dropped += len(incidents) - len(cleaned)
    return cleaned


def render_all(
    incidents: Sequence[Incident], scorer: Scorer, work: PageErrors
) -> list[tuple[Incident, Inputs]]:
    """What the model reads of each incident; those without anything are counted as empty."""
    rows = []
    for incident in incidents:
        try:
            inputs = scorer.render(incident)
        except Exception as error:  # noqa: BLE001 - as for the steps
            work.reject(incident, "it cannot be rendered", error)
            continue
        if inputs:
            rows.append((incident, inputs))
        else:
            work.empty.append(incident.uid)
    return rows
