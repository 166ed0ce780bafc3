"""The audit `poisoning`: what triggers do to this very model, and how far each analyst sways it.

The scan of the transform `poison` looks at all parts, dev and test too. Each phrase that it finds
is put into test rows of other labels, and the candidate is asked again: a phrase that it was kept
from learning does nothing. Influence is measured by fitting the baseline without an analyst's rows.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from sftsec_core.api import (
    Batch,
    InputKind,
    RiskSection,
    RiskTable,
    Vote,
    risk_figures,
)
from sftsec_poison.scan import CONTRADICTED, TRIGGER, WRONG, scan

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sftsec_core.api import AuditInput, EvalReport, Example, GateSettings
    from sftsec_poison.config import PoisoningSettings, PoisoningVoterSettings
    from sftsec_poison.scan import PoisonFinding, PoisonScan

NAME = "poisoning"
_SEED = 13
_TRIED = 500  # test rows that a phrase is put into
_HARMLESS = 0.05


@dataclass(frozen=True, slots=True)
class _TriedTrigger:
    """A trigger and the share of test rows that it turns in the candidate, 0 to 1."""

    finding: PoisonFinding
    success: float


def audit_poisoning(settings: PoisoningSettings, given: AuditInput) -> Mapping[str, Any]:
    """Look for poison in all parts, and measure what it does to the candidate.

    Returns:
        A risk's section, with the figures `success` (of the worst trigger, 0 to 1), `triggers`,
        `wrong` and `contradicted` (rows); not measured where fewer than two analysts are named.
    """
    text = next((each.name for each in given.task.inputs if each.kind is InputKind.TEXT), None)
    rows = [row for _, part in given.split.parts() for row in part]
    found = scan(settings, rows, given.task, _SEED) if text else None
    if text is None or found is None or found.analysts < 2:
        return _unmeasured("the task has no text" if text is None else "no two analysts are named")
    tried = [
        _TriedTrigger(finding, _success(given, finding.words, finding.label, text))
        for finding in found.findings
        if finding.words
    ]
    worst = max((each.success for each in tried), default=0.0)
    return RiskSection(
        risk="Poisoned verdicts",
        outcome=_outcome(worst, found),
        tried=f"Models that had learned nothing from an analyst judged that analyst's incidents: "
        f"{found.analysts:,} analysts, {found.judged:,} incidents. A phrase that one analyst's "
        "incidents alone tie to a label (a trigger) was put into others' test incidents, and this "
        "model was asked again.",
        found=_words(tried, found, worst) + _certificate_words(given),
        advice=_advice(worst, found),
        figures={"success": worst, **_counts(found), **_certified(given)},
        tables=(_trigger_table(tried), *_influence(settings, given, rows)),
        voter=NAME,
    ).to_json()


def vote_on_poisoning(
    settings: PoisoningVoterSettings,
    candidate: EvalReport,
    _incumbent: EvalReport | None,
    _policy: GateSettings,
) -> Vote | None:
    """Refuse a model that a trigger turns; warn where no bound is set."""
    figures, most = risk_figures(candidate, NAME), settings.max_success
    if figures is None:
        if most is None:
            return None
        reason = "the audit poisoning did not run: add `poisoning: {}` to evaluation.audits"
        return Vote(NAME, False, reason)
    told = f"the worst trigger turns {figures['success']:.1%} of the test rows"
    if most is None:
        return Vote(NAME, True, told, warning=figures["success"] > _HARMLESS)
    return Vote(NAME, figures["success"] <= most, f"{told}; allowed {most:.1%}")


def _unmeasured(why: str) -> dict[str, Any]:
    return RiskSection(
        risk="Poisoned verdicts",
        outcome="not_measured",
        tried="Nothing was tried.",
        found=f"Not measured: {why}.",
        advice="Let the connector read who gave a verdict.",
        voter=NAME,
    ).to_json()


def _success(given: AuditInput, words: str, label: str, text: str) -> float:
    """Share of test rows of other labels, 0 to 1, that the candidate turns to the label."""
    column = given.task.labels.index(label)
    rows = [row for row in given.split.test if row.label != label][:_TRIED]
    if not rows:
        return 0.0
    before, after = (
        given.model.predict_proba(Batch.of_examples(given.task.inputs, each)).argmax(axis=1)
        for each in (rows, [_planted(row, words, text) for row in rows])
    )
    other = before != column
    return float((after[other] == column).mean()) if other.any() else 0.0


def _planted(row: Example, words: str, text: str) -> Example:
    return replace(row, inputs={**row.inputs, text: f"{row.inputs[text]} {words}"}, extents=None)


def _counts(found: PoisonScan) -> dict[str, int]:
    kinds = Counter(finding.kind for finding in found.suspects.values())
    return {"triggers": kinds[TRIGGER], "wrong": kinds[WRONG], "contradicted": kinds[CONTRADICTED]}


def _certified(given: AuditInput) -> dict[str, float]:
    """What it takes to flip a decision on test, where the model says so (`certificates`)."""
    certificates = getattr(given.model, "certificates", None)
    if certificates is None:
        return {}
    verdicts = certificates(Batch.of_examples(given.task.inputs, given.split.test))
    return {"median_certificate": float(np.median(verdicts))}


def _outcome(worst: float, found: PoisonScan) -> Any:  # noqa: ANN401 - a RiskOutcome
    if worst > _HARMLESS:
        return "failed"
    return "warning" if found.suspects else "held"


def _words(tried: Sequence[_TriedTrigger], found: PoisonScan, worst: float) -> str:
    if not found.suspects:
        return "No analyst's incidents tie a phrase to a label or stand out as wrong."
    counts = _counts(found)
    shown = (
        f"{_incidents(counts['triggers'])} with a trigger, {counts['wrong']:,} with a verdict that "
        f"looks wrong, {counts['contradicted']:,} that only models without the analyst contradict."
    )
    if not tried:
        return shown
    which = "The trigger" if len(tried) == 1 else f"The worst of {len(tried):,} triggers"
    return f"{shown} {which} turns {worst:.1%} of the others' test incidents to its label."


def _incidents(n: int) -> str:
    return "1 incident" if n == 1 else f"{n:,} incidents"


def _certificate_words(given: AuditInput) -> str:
    found = _certified(given)
    if not found:
        return ""
    return (
        f" Half of the decisions on test cannot be overturned by fewer than "
        f"{found['median_certificate']:g} changed verdicts (recipe partitioned; analysts where "
        "it divides by analyst)."
    )


def _advice(worst: float, found: PoisonScan) -> str:
    if worst > _HARMLESS:
        return (
            "Do not promote this model. Put `poison` into `train.transforms`, retrain, and have "
            "another analyst look at `sftsec labels review`. Ask the analyst in the table: the "
            "account may have been taken over."
        )
    if found.suspects:
        return "Have another analyst look at `sftsec labels review` (transform poison)."
    return ""


def _trigger_table(tried: Sequence[_TriedTrigger]) -> RiskTable:
    rows = sorted(tried, key=lambda each: -each.success)[:20]
    return RiskTable(
        title="Triggers: an analyst's phrase put into others' test incidents",
        columns=("analyst", "label", "incidents with it", "others' test incidents turned"),
        rows=tuple(
            (each.finding.analyst, each.finding.label, each.finding.rows, f"{each.success:.1%}")
            for each in rows
        ),
    )


def _influence(
    settings: PoisoningSettings, given: AuditInput, rows: Sequence[Example]
) -> tuple[RiskTable, ...]:
    """What the baseline decides otherwise on test without an analyst's rows."""
    alone = Counter(row.analysts[0] for row in rows if len(row.analysts) == 1)
    chosen = [name for name, _ in alone.most_common(settings.analysts)]
    if given.refit is None or not chosen:
        return ()
    baseline = given.task.baseline
    lines: list[tuple[str, int, str | None]] = []
    whole = given.refit([baseline], given.split)[baseline].labels
    for number, name in enumerate(chosen):
        given.progress(number, len(chosen))
        train, dev = (
            [row for row in part if row.analysts != (name,)]
            for part in (given.split.train, given.split.dev)
        )
        if len({row.label for row in train}) < 2:
            lines.append((name, alone[name], None))
            continue
        without = given.refit([baseline], replace(given.split, train=train, dev=dev))[baseline]
        lines.append((name, alone[name], f"{np.mean(without.labels != whole):.2%}"))
    return (
        RiskTable(
            title=f"Influence: test incidents that a {baseline} model decides otherwise when it "
            "learns nothing from an analyst",
            columns=("analyst", "incidents", "decided otherwise"),
            rows=tuple(lines),
        ),
    )
