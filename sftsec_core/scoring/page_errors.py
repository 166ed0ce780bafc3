"""What of a page cannot be scored: each is noted with its reason, and the others go on."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from sftsec_core.api.domain import Rejection

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sftsec_core.api.domain import Incident, Inputs
    from sftsec_core.scoring.scorer import Scorer


@dataclass(slots=True)
class PageErrors:
    """What could not be scored of a page.

    Attributes:
        rejected: records that could not be read or rated.
        empty: uids of incidents that have nothing to read.
        dropped: incidents that a step left out, or that were forgotten under another id.
    """

    rejected: list[Rejection] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    dropped: int = 0

    def reject(self, incident: Incident, what: str, error: BaseException | None = None) -> None:
        """Leave an incident out, with the reason."""
        # Only the kind of error: its words may repeat the record.
        reason = what if error is None else f"{what} ({type(error).__name__})"
        digest = hashlib.sha256(incident.uid.encode("utf-8", "surrogatepass")).hexdigest()
        self.rejected.append(Rejection(incident.uid, reason, digest))


def clean(incidents: Sequence[Incident], scorer: Scorer, work: PageErrors) -> Sequence[Incident]:
    """Run the steps; what they find unusable, or fail on, is noted."""
    try:
        cleaned = scorer.steps(incidents) if incidents else ()
    except Exception as error:  # noqa: BLE001 - a plugin's step; one record must not end the run
        scorer.take_rejected()  # the steps are shown each of them again
        if len(incidents) == 1:
            work.reject(incidents[0], "a step failed on it", error)
            return ()
        return [kept for one in incidents for kept in clean([one], scorer, work)]
    unusable = scorer.take_rejected()
    work.rejected += unusable
    work.dropped += len(incidents) - len(cleaned) - len(unusable)
    return cleaned


def render_all(
    incidents: Sequence[Incident], scorer: Scorer, work: PageErrors
) -> list[tuple[Incident, Inputs]]:
    """Read the inputs of incidents; one that has none is noted."""
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


def only_finite(
    rows: Sequence[tuple[Incident, Inputs]], proba: NDArray[np.float64], work: PageErrors
) -> tuple[list[tuple[Incident, Inputs]], NDArray[np.float64]]:
    """Leave out the rows whose probabilities, shape (n, labels), are no numbers."""
    good = np.array(np.isfinite(proba).all(axis=1))
    for (incident, _), is_good in zip(rows, good, strict=True):
        if not is_good:
            work.reject(incident, "the model gave no probability for it")
    return [each for each, is_good in zip(rows, good, strict=True) if is_good], proba[good]
