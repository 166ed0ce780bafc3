"""What a report does not show, said plainly: the caveats of a model card, derived from figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sftsec_core.evaluation.unread import unread_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sftsec_core.api.domain import EvalReport

FEW_LABELS = 100
POOR_RECALL = 0.8
_FEW_ATTACKS = 50
_FEW_BENIGN = 1000
_NAMED = 8


def limits(report: EvalReport) -> list[str]:
    """Say what the figures cannot carry.

    Args:
        report: of the model as candidate.

    Returns:
        Sentences, the most telling ones first; never empty, since some limits hold always.
    """
    found = [*_of_training(report), *_of_test(report), *_of_choice(report), *_of_rivals(report)]
    return [
        *found,
        "Measured on labelled incidents of the past: attackers change, and so do log sources. "
        "Compare the analysts' new verdicts with its detections, and retrain.",
        "The verdicts are taken for the truth. What the analysts get wrong, the figures hide.",
    ]


def _of_training(report: EvalReport) -> Iterator[str]:
    few = [f"{label} ({n})" for label, n in report.labels_train.items() if n < FEW_LABELS]
    if few:
        yield f"Classes with fewer than {FEW_LABELS} training labels: {_named(few)}."
    if not report.leaks.clean:
        yield "No clean leak check is on record: the figures may be too good."


def _of_test(report: EvalReport) -> Iterator[str]:
    rows = report.candidate.per_class
    absent = [label for label, row in rows.items() if not row["support"]]
    if absent:
        yield f"Classes without a test example, so nothing is known of them: {_named(absent)}."
    recalls = ((label, row["recall"]) for label, row in rows.items())
    poor = [f"{label} ({r:.2f})" for label, r in recalls if r is not None and r < POOR_RECALL]
    if poor:
        yield f"Classes with a recall under {POOR_RECALL} on test: {_named(poor)}."
    if cut := report.candidate.cut:
        of = sum(int(row["support"] or 0) for row in rows.values())
        lost = unread_line(cut, of, report.candidate.cut_characters, "test texts")
        yield f"{lost[0].upper()}{lost[1:]}: an attack there is not seen."
    if report.benign is None:
        return
    benign = int(rows[report.benign]["support"] or 0)
    attacks = sum(int(row["support"] or 0) for row in rows.values()) - benign
    if attacks < _FEW_ATTACKS:
        yield f"Test has only {attacks} attacks: read the intervals, not the figures."
    if 0 < benign < _FEW_BENIGN:
        yield (
            f"Test has {benign} benign incidents: one false positive is already "
            f"{1 / benign:.2%}, so the TPR at an FPR of 0.1% cannot be measured: "
            f"that takes {_FEW_BENIGN:,}."
        )


def _of_choice(report: EvalReport) -> Iterator[str]:
    if report.candidate.threshold.method == "default":
        yield "Dev had nothing to choose a threshold on: 0.5 is a convention, not a choice."
    ece = report.candidate.metrics.get("ece")
    if ece is not None and ece.value is not None and ece.value > 0.1:
        yield f"Its probabilities are off by {ece.value:.2f} on average: read them as ranks."


def _of_rivals(report: EvalReport) -> Iterator[str]:
    against = report.differences.get(report.baseline)
    if report.candidate.recipe == report.baseline:
        return
    if against is None or against.low is None:
        yield f"It was not compared to the {report.baseline} baseline."
    elif against.low <= 0:
        yield f"It is not shown to be better than the {report.baseline} baseline."


def _named(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
