"""How many of the live model's detections analysts confirm."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sftsec_core.dataset.intervals import exact_interval

if TYPE_CHECKING:
    from sftsec_core.operations.live_verdicts import JudgedAlerts


@dataclass(frozen=True, slots=True)
class LivePrecision:
    """The share of judged detections that are right.

    Attributes:
        value: 0 to 1.
        low: lower end of its interval (Clopper and Pearson, 95%).
        high: upper end.
        right: judged detections that are attacks; where every class is one, of the class named.
        judged: those on which a person gave a verdict that a label lists.
        detections: all that are old enough for a verdict.
    """

    value: float
    low: float
    high: float
    right: int
    judged: int
    detections: int

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)


def live_precision(found: JudgedAlerts, benign: str | None) -> LivePrecision | None:
    """The precision of alerts, by the verdicts on them.

    Args:
        found: alerts with what persons say of them.
        benign: the task's benign label, where it has one.

    Returns:
        None where nothing was judged.
    """
    if not found.labels:
        return None
    right = right_alerts(found, benign)
    judged = len(found.labels)
    low, high = exact_interval(right, judged)
    return LivePrecision(right / judged, low, high, right, judged, len(found.alerts))


def right_alerts(found: JudgedAlerts, benign: str | None) -> int:
    """How many of the judged alerts are attacks; where every class is one, of the class named."""
    return sum(
        label == found.alerts[place] if benign is None else label != benign
        for place, label in found.labels.items()
    )
