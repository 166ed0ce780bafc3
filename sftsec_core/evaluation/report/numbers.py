"""A figure's name and value as people read them."""

from __future__ import annotations

from sftsec_core.api.domain.objectives import EXPECTED_COST, rate_of
from sftsec_core.evaluation.metrics import METRIC_NAMES

DASH = "\N{EN DASH}"
_NOT_SHARES = frozenset({"roc_auc", "average_precision", "mcc", "ece"})
# Figures that are watched over time; drifts are multiples of the least that counts.
DRIFTS = ("input_drift", "score_drift")
WATCHED_SHARES = ("live_precision", "live_recall", "estimated_macro_f1", "label_shift")
_TITLES = {
    "accuracy": "Accuracy",
    "macro_f1": "Macro-F1",
    "micro_f1": "Micro-F1",
    "macro_precision": "Macro precision",
    "macro_recall": "Macro recall",
    "f1": "F1 of attacks",
    "precision": "Precision of alerts",
    "recall": "Recall of attacks",
    "fpr": "False-positive rate",
    "roc_auc": "ROC-AUC",
    "average_precision": "Average precision",
    "mcc": "MCC",
    "ece": "ECE (15 bins)",
    EXPECTED_COST: "Cost, minutes an incident",
    "input_drift": "Input drift",
    "score_drift": "Score drift",
    "label_shift": "Label shift",
    "live_precision": "Live precision",
    "live_recall": "Live recall",
    "estimated_macro_f1": "Macro-F1, estimated without labels",
}


def metric_title(name: str) -> str:
    """A figure's name for people."""
    rate = _rate(name)
    return _TITLES.get(name, name) if rate is None else f"TPR at FPR {100 * rate:g}%"


def is_rate(name: str) -> bool:
    """Whether a figure is a recall at a false-positive rate."""
    return _rate(name) is not None


def is_share(name: str) -> bool:
    """Whether a figure is shown as a percentage."""
    return is_rate(name) or (name in METRIC_NAMES and name not in _NOT_SHARES)


def number(value: float | None, name: str) -> str:
    """A figure's value for people; None as a dash."""
    if is_share(name):
        return share(value, 2 if name == "fpr" else 1)
    if value is None:
        return DASH
    if name == EXPECTED_COST:
        return f"{value:.2f}"
    return ">0.999" if 0.9995 <= value < 1 else f"{value:.3f}"


def watched_number(value: float | None, name: str) -> str:
    """A watched figure for people: a share as a percentage, a drift as a multiple."""
    if value is None:
        return DASH
    return share(value) if name in WATCHED_SHARES else f"{value:.2f}"


def difference(value: float, name: str) -> str:
    """A difference of two values, signed: points, or the minutes of a cost."""
    return f"{value:+.2f}" if name == EXPECTED_COST else f"{100 * value:+.1f}"


def difference_unit(name: str) -> str:
    """What a difference is counted in."""
    return "minutes" if name == EXPECTED_COST else "points"


def share(value: float | None, digits: int = 1) -> str:
    """A fraction as a percentage; None as a dash. Only what is all or none says so."""
    if value is None:
        return DASH
    step = 10.0**-digits
    if 100 - step / 2 <= 100 * value < 100:
        return f">{100 - step:.{digits}f}%"
    if 0 < 100 * value <= step / 2:
        return f"<{step:.{digits}f}%"
    return f"{value:.{digits}%}"


def _rate(name: str) -> float | None:
    """As `rate_of`; a plugin's metric may have any name."""
    try:
        return rate_of(name)
    except ValueError:
        return None
