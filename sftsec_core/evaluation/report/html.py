"""The report as one HTML file that opens anywhere: no script and no request.

Texts of incidents are attack payloads. They are escaped, cut to 200 characters, their invisible
and direction-changing characters are spelled out, and the page's own policy forbids scripts and
every request.
"""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from sftsec_core.evaluation.metrics import NOT_MEASURABLE
from sftsec_core.evaluation.report import sections
from sftsec_core.evaluation.report.numbers import (
    DASH,
    difference,
    difference_unit,
    is_rate,
    metric_title,
    number,
    share,
    watched_number,
)
from sftsec_core.evaluation.report.trials import trial_rows
from sftsec_core.evaluation.tables import clip

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sftsec_core.api.domain import Decision, EvalReport, Interval, ModelScores

_TEMPLATES = Path(__file__).parent / "templates"
_FEW_CLASSES = 12
_PAIRS = 15
_TILES = ("macro_f1", "recall", "precision", "fpr", "tpr_at_fpr_0.001")
_TILES_WITHOUT_BENIGN = ("macro_f1", "accuracy", "macro_recall", "average_precision", "ece")
_METHODS = {
    "max_f1": "chosen on dev for the highest F1",
    "fpr": "chosen on dev for a false-positive rate of at most {target:.3%}",
    "alerts_per_day": "chosen on dev for at most {target:g} alerts a day",
    "fixed": "fixed by the configuration",
    "default": "a convention: dev had nothing to choose on",
    "argmax": "none: the most probable class is the answer",
}


def write_report(
    report: EvalReport,
    decision: Decision | None,
    card: Mapping[str, Any] | None,
    path: Path,
    *,
    model: str | None = None,
) -> None:
    """Write the report to a file; the same input writes the same bytes.

    Args:
        report: what to show.
        decision: of the promotion gate; None when the model was not put to it.
        card: the model card, for its caveats and versions; None leaves them out.
        path: the file; replaced when it is there.
        model: digest of the model, for the head; None where it is not registered.
    """
    # A lone surrogate has no UTF-8: it is shown as a question mark rather than lost in an error.
    path.write_bytes(render_report(report, decision, card, model=model).encode("utf-8", "replace"))


def render_report(
    report: EvalReport,
    decision: Decision | None = None,
    card: Mapping[str, Any] | None = None,
    *,
    model: str | None = None,
) -> str:
    """Render the report as one HTML document; see `write_report`."""
    from sftsec_core.evaluation.report.plots import draw

    environment = page_environment(_TEMPLATES)
    environment.filters |= {"figure": figure, "bounds": bounds, "duration": sections.duration}
    environment.filters |= {"number": number, "difference": difference, "unit": difference_unit}
    environment.filters |= {"spelled_out": spelled_out, "watched": watched_number}
    environment.filters["coded"] = coded
    environment.globals |= {"words": sections}
    fit_notes = (card or {}).get("model_details", {}).get("fit_notes", {})
    drawings = {name: Markup(svg) for name, svg in draw(report).items()}  # noqa: S704 - our own
    return environment.get_template("report.html.j2").render(
        report=report,
        origin=origin(card or {}, model),
        models={"candidate": report.candidate, **report.others},
        decision=decision,
        headline=headline(report, decision),
        figures=_figures_to_show(report),
        tiles=_TILES if report.benign else _TILES_WITHOUT_BENIGN,
        threshold_words=_threshold_words(report.candidate),
        few_classes=len(report.candidate.confusion.labels) <= _FEW_CLASSES,
        classes=_classes(report.candidate),
        pairs=confused_pairs(report),
        drawings=drawings,
        risks=sections.ranked_risks(report.sections),
        other_sections={
            name: section
            for name, section in report.sections.items()
            if name not in sections.SHOWN and "risk" not in section
        },
        card=card or {},
        fit_notes=fit_notes,
        tried=trial_rows(fit_notes),
    )


def page_environment(templates: Path) -> Environment:
    """Templates that escape what they show and fail on a misspelt name, with the filters of all."""
    environment = Environment(
        loader=FileSystemLoader(templates),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "visible": visible,
        "share": share,
        "count": count,
        "title": metric_title,
    }
    return environment


def headline(report: EvalReport, decision: Decision | None) -> str:
    """One sentence: why the model may or may not be promoted."""
    macro = report.candidate.metrics["macro_f1"]
    quality = f"macro-F1 is {figure(macro, 'macro_f1')}"
    if found := bounds(macro, "macro_f1"):
        quality += f" ({found})"
    name = report.baseline
    gain = report.differences.get(name)
    if gain is not None and gain.value is not None and report.candidate.recipe != name:
        quality += f", {100 * gain.value:+.1f} points against the {name} baseline"
    if decision is None:
        return f"The model was not put to the promotion gate; {quality}."
    refusals = decision.refusals()
    if decision.approved:
        warnings = sum(vote.warning for vote in decision.votes)
        noted = f", {sections.plural(warnings, 'warning')} to read" if warnings else ""
        votes = sections.plural(len(decision.votes), "vote")
        return f"{votes} in favour, none against{noted}; {quality}."
    reasons = "; ".join(f"{vote.voter}: {vote.reason}" for vote in refusals)
    return f"{reasons or 'no voter voted'}."


def origin(card: Mapping[str, Any], model: str | None) -> list[tuple[str, str]]:
    """What the head says of a model's origin: its digest, its run and when that began (UTC)."""
    details = card.get("model_details", {})
    created = str(details.get("created_at") or "")[:16].replace("T", " ")
    named = {
        "model": (model or "")[:12],
        "run": details.get("run"),
        "began": created and f"{created} UTC",
    }
    return [(name, str(value)) for name, value in named.items() if value]


def confused_pairs(report: EvalReport) -> list[tuple[str, str, int, float]]:
    """The most frequent mistakes: true label, predicted label, how often, fraction of the true."""
    confusion = report.candidate.confusion
    pairs = [
        (label, confusion.labels[j], n, n / sum(row))
        for i, (label, row) in enumerate(zip(confusion.labels, confusion.counts, strict=True))
        for j, n in enumerate(row)
        if i != j and n
    ]
    return sorted(pairs, key=lambda pair: (-pair[2], pair[0], pair[1]))[:_PAIRS]


def visible(text: object) -> str:
    """At most 200 characters, with control, format and surrogate characters spelled out."""
    return clip(spelled_out(text))


def spelled_out(text: object) -> str:
    """At most 1,000 characters, with control, format and surrogate characters spelled out."""
    return "".join(
        f"\\u{ord(c):04x}" if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Co"} else c
        for c in str(text)[:1000]
    )


def coded(text: object) -> Markup:
    """A sentence in which what stands between back-ticks is set as code."""
    parts = re.split("`([^`]+)`", spelled_out(text))
    told = [Markup("<code>{}</code>").format(part) if at % 2 else escape(part)
            for at, part in enumerate(parts)]  # fmt: skip
    return Markup("").join(told)


def figure(found: Interval, name: str) -> str:
    """A metric's value for people; an undefined one is a dash, or says why it is none."""
    if found.value is None and is_rate(name):
        return NOT_MEASURABLE
    return number(found.value, name)


def bounds(found: Interval, name: str) -> str:
    """A metric's interval for people; empty when there is none."""
    if found.low is None or found.high is None:
        return ""
    return f"{number(found.low, name)} to {number(found.high, name)}"


def count(value: float | None) -> str:
    """A number of things with its thousands apart; None as a dash."""
    if value is None:
        return DASH
    return f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:.1f}"


def _threshold_words(scores: ModelScores) -> str:
    threshold = scores.threshold
    return _METHODS.get(threshold.method, threshold.method).format(target=threshold.target or 0.0)


def _figures_to_show(report: EvalReport) -> list[str]:
    """The candidate's figures, without those that no task without a benign class has."""
    metrics = report.candidate.metrics
    return [name for name in metrics if report.benign or metrics[name].value is not None]


def _classes(scores: ModelScores) -> list[tuple[int, str, Mapping[str, float | None]]]:
    """Number, label and figures of each class: few in the task's order, many worst first."""
    rows = [(i, label, row) for i, (label, row) in enumerate(scores.per_class.items())]
    if len(rows) <= _FEW_CLASSES:
        return rows
    # Undefined figures last: a class that does not occur is no failure.
    return sorted(rows, key=lambda row: (2.0 if row[2]["f1"] is None else row[2]["f1"], row[0]))
