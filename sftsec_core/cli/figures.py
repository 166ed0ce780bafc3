"""The figures of models and the votes of the gate, as `retrain` and `report` print them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sftsec_core.cli.options import table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console

    from sftsec_core.api.domain import Decision, EvalReport, ModelScores, Vote

SHOWN = ("macro_f1", "f1", "average_precision", "tpr_at_fpr_0.001", "tpr_at_fpr_0.01", "ece")


def show_models(out: Console, report: EvalReport) -> None:
    """Print the models of a report side by side, and which figures are not measurable."""
    models = [report.candidate, *report.others.values()]
    own = report.data.get("metric", {}).get("name", SHOWN[0])
    shown = tuple(dict.fromkeys((*SHOWN, own)))
    rows = [
        (m.name, m.recipe, *(_figure(m, name) for name in shown), m.fit_seconds, m.cut)
        for m in models
    ]
    table("on test", ("model", "recipe", *shown, "fit_s", "texts cut"), rows)(out)
    for name, reason in report.data.get("unmeasured", {}).items():
        out.print(f"{name} is not measurable: it {reason}")


def show_risks(out: Console, report: EvalReport) -> None:
    """Print what came of each risk that was tried and what to do, the most serious first."""
    from sftsec_core.evaluation.report.sections import OUTCOMES, ranked_risks, risk_summary

    rows = [
        (each["risk"], OUTCOMES[each["outcome"]][0], risk_summary(each))
        for each in ranked_risks(report.sections)
    ]
    if rows:
        table("risks", ("risk", "outcome", "what to do"), rows)(out)


def show_trials(out: Console, notes: Mapping[str, Any]) -> None:
    """Print what `auto` tried, where it made the model."""
    from sftsec_core.evaluation.report.trials import HEADERS, trial_rows

    if rows := trial_rows(notes):
        table(f"tried, judged on {notes['chosen_on']}", HEADERS, rows)(out)


def show_votes(out: Console, decision: Decision) -> None:
    """Print the votes with their reasons."""
    votes = [
        (vote.voter, _word(vote), vote.reason) for vote in decision.votes if not vote.abstained
    ]
    table("gate", ("voter", "approves", "reason"), votes)(out)
    if idle := [vote.voter for vote in decision.votes if vote.abstained]:
        out.print(f"abstained, with nothing to judge: {', '.join(idle)}", soft_wrap=True)


def _word(vote: Vote) -> str:
    return ("yes" if vote.approve else "no") + (", but" if vote.warning else "")


def _figure(scores: ModelScores, name: str) -> float | str | None:
    from sftsec_core.evaluation.metrics import NOT_MEASURABLE
    from sftsec_core.evaluation.report.numbers import is_rate

    found = scores.metrics[name].value if name in scores.metrics else None
    return NOT_MEASURABLE if found is None and is_rate(name) else found
