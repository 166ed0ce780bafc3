"""Recall under attack, undefended beside defended, at one rate of false alarms.

Each folder becomes a site whose configuration enables the plugin `robust` by its name, and is
retrained twice: with a recipe as it is, and with a hardened one whose threshold is set to the rate
of false alarms that the first had on dev. The figures are those of the report's audit `disguise`.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from sftsec_core.api.errors import DataError, TrainingError
from sftsec_core.bench.quality_data import PARTS, read_records, read_stream

if TYPE_CHECKING:
    from sftsec_core.api.domain import EvalReport, TaskSpec

ARMS = ("undefended", "defended")
_AUDIT = "disguise"
_FIGURES = ("rows", "recall", "fpr", "recall_attacked", "retained", "retained_unseen")


@dataclass(frozen=True, slots=True, kw_only=True)
class RobustnessPlan:
    """What is measured.

    Attributes:
        queries: questions to the model a row, at most.
        rows: attacks that are rewritten, at most.
        limit_train: training rows, drawn at random; None for all.
        limit_test: rows of dev and of test, at most.
        recipe: the undefended one.
        defended: the defended one.
    """

    queries: int = 50
    rows: int = 100
    limit_train: int | None = None
    limit_test: int = 4000
    recipe: str = "linear"
    defended: str = "hardened"


def run_robustness_bench(
    folders: Sequence[Path],
    seeds: Sequence[int],
    plan: RobustnessPlan,
    on_start: Callable[[str], None] = lambda _what: None,
) -> Iterator[dict[str, Any]]:
    """Measure both recipes on each folder with each seed.

    Args:
        folders: of train|dev|test.jsonl.gz.
        seeds: of the training, of what is drawn and of the attacks.
        plan: the bounds and the recipes.
        on_start: told of each training.

    Yields:
        dataset, seed, arm, recipe, rows, macro_f1, recall, fpr, recall_attacked, retained (its
        share of recall), retained_unseen; 0 to 1.

    Raises:
        DataError: when a folder cannot be read, or has no benign label.
        TrainingError: when nothing could be measured.
    """
    for folder in folders:
        for seed in seeds:
            with tempfile.TemporaryDirectory(prefix="sftsec-bench-") as name:
                yield from _measured(folder, Path(name), seed, plan, on_start)


def _measured(
    folder: Path, site: Path, seed: int, plan: RobustnessPlan, on_start: Callable[[str], None]
) -> Iterator[dict[str, Any]]:
    task = _write_data(folder, site, seed, plan)
    if task.benign is None:
        raise DataError(f"{folder}: none of its labels is benign, so that no attack can be missed")
    rate: float | None = None
    for arm, recipe in zip(ARMS, (plan.recipe, plan.defended), strict=True):
        on_start(f"{folder.name}: {arm}, {recipe}, seed {seed}")
        _write_config(site, arm, recipe, task, seed, plan, rate)
        report = _retrained(site, arm, recipe)
        figures = report.sections[_AUDIT]["figures"]
        if not figures:
            raise TrainingError(f"{folder}, {arm}: {report.sections[_AUDIT]['found']}")
        rate = figures["fpr_dev"]
        yield {
            "dataset": folder.name,
            "seed": seed,
            "arm": arm,
            "recipe": recipe,
            "macro_f1": report.candidate.metrics["macro_f1"].value,
            **{key: figures[key] for key in _FIGURES},
        }


def _write_data(folder: Path, site: Path, seed: int, plan: RobustnessPlan) -> TaskSpec:
    """Write the parts as files of the connector `files`; return the question that they put."""
    found: list[Mapping[str, Any]] = []
    for part in PARTS:
        records = read_records(folder / f"{part}.jsonl.gz")
        limit = plan.limit_train if part == PARTS[0] else plan.limit_test
        if limit is not None and limit < len(records):
            draw = Random(seed)  # noqa: S311 - a draw that can be repeated
            records = draw.sample(records, limit)
        lines = (json.dumps(record) + "\n" for record in records)
        (site / f"{part}.jsonl").write_text("".join(lines), encoding="utf-8")
        found += records
    return read_stream(folder, found)[0]


def _write_config(
    site: Path,
    arm: str,
    recipe: str,
    task: TaskSpec,
    seed: int,
    plan: RobustnessPlan,
    rate: float | None,
) -> None:
    """The configuration of one arm; its threshold is chosen for `rate` where there is one."""
    threshold = {} if rate is None else {"method": "fpr", "target": rate}
    audit = {"rows": plan.rows, "queries": plan.queries, "seed": seed}
    body = {
        "connector": "incidents",
        "text": list(task.text_fields),
        "labels": {label: [label] for label in task.labels},
        "benign": task.benign,
        "split": {"method": "given"},
        "train": {"recipe": recipe, "seed": seed},
        "decider": {"name": "threshold", **threshold},
        "evaluation": {"audits": {_AUDIT: audit}},
        # What is measured is the recipe, not what the gate would put in its place.
        "gate": {
            "min_labels": 1,
            "beat_baseline": False,
            "voters": {"max_robust_drop": {"drop": 1.0}},
        },
    }
    paths = [f"{part}.jsonl" for part in PARTS]
    connector = {"type": "files", "paths": paths, "split_from_name": True}
    settings = {
        "version": 1,
        "plugins": ["core", "files", "pii", "robust"],
        "connectors": {"incidents": connector},
        "tasks": {arm: body},
    }
    (site / "sftsec.yaml").write_text(json.dumps(settings), encoding="utf-8")


def _retrained(site: Path, arm: str, recipe: str) -> EvalReport:
    from sftsec_core.operations.authorize import local_admin
    from sftsec_core.operations.context import Context
    from sftsec_core.operations.retrain import retrain

    with Context.open(site / "sftsec.yaml", actor=local_admin("bench")) as context:
        report = retrain(context, arm, promote=False).report
    if report.candidate.recipe != recipe:
        raise TrainingError(f"{arm}: {recipe} was replaced by {report.candidate.recipe}")
    return report
