"""Compare a window of scored events with the reference: inputs, texts, scores."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sftsec_core.drift.compare import Distance, point_distance, psi_distance
from sftsec_core.drift.sketch import LABEL, SCORE, TEXT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sftsec_core.drift.reference import Reference
    from sftsec_core.drift.sketch import Sketch

# The smallest effects that are called a drift; about what a tenth of foreign events makes.
LEAST_PSI = 0.1
LEAST_MMD = 0.01
_LEAST_ROWS = 30  # of the test part or of the training data: fewer tell no distribution


@dataclass(frozen=True, slots=True)
class Monitor:
    """What one monitor found of a window.

    Attributes:
        name: the input, "(text)", "(score)" or "(label)".
        method: "psi" or "mmd".
        size: the effect without what chance adds.
        p_value: the probability of such a window, or a further one, without a drift.
        drifted: the effect is no smaller than what counts, and too improbable by chance.
    """

    name: str
    method: str
    size: float
    p_value: float
    drifted: bool

    @property
    def severity(self) -> float:
        """The effect as a multiple of the least that counts."""
        return self.size / (LEAST_MMD if self.method == "mmd" else LEAST_PSI)

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {**asdict(self), "severity": self.severity}


def monitors(window: Sketch, reference: Reference, false_alarms: float) -> list[Monitor]:
    """Compare a window that is full; one that is looked at while it fills would alarm more often.

    The window may spend `false_alarms` for each of its events, divided among its monitors
    (Bonferroni); so the rate holds whatever the length of a window, and however many there are.

    Args:
        window: the window.
        reference: of the model that scored it.
        false_alarms: how many an event may cost, such as 1e-6.
    """
    found = list(_distances(window, reference))
    level = min(0.05, false_alarms * window.events) / max(len(found), 1)
    shown = []
    for name, distance in found:
        p_value = reference.nulls[name].p_value(distance.ratio, distance.df)
        method, least = ("mmd", LEAST_MMD) if name == TEXT else ("psi", LEAST_PSI)
        drifted = distance.size >= least and p_value < level
        shown.append(Monitor(name, method, distance.size, p_value, drifted))
    return shown


def _distances(window: Sketch, reference: Reference) -> Iterator[tuple[str, Distance]]:
    """What there is to compare."""
    trained = reference.inputs
    for name, null in reference.nulls.items():
        before = reference.test if name in {SCORE, LABEL} else trained
        if before.distinct < _LEAST_ROWS:
            continue
        if name == TEXT:
            found = point_distance(
                (window.point, window.distinct),
                (before.point, before.distinct),
                reference.eigenvalues,
                null.dispersion,
            )
        else:
            found = psi_distance(window.counts[name], before.counts[name], null.dispersion)
        if found.df:
            yield name, found
