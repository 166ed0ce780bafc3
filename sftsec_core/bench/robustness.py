"""Recall under attack, undefended beside defended, at one rate of false alarms.

Each folder becomes a site whose configuration enables the plugin `robust` by its name, and is
retrained twice: with a recipe as it is, and with a hardened one whose threshold is set to the rate
of false alarms that the first had on dev. The figures are those of the report's audit `disguise`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sftsec_core.api.errors import DataError, TrainingError
from sftsec_core.bench.given_site import retrained, write_given_site, write_parts

if TYPE_CHECKING:
    from sftsec_core.api.domain import TaskSpec

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
    task = write_parts(folder, site, seed, plan.limit_train, plan.limit_test)
    if task.benign is None:
        raise DataError(f"{folder}: none of its labels is benign, so that no attack can be missed")
    rate: float | None = None
    for arm, recipe in zip(ARMS, (plan.recipe, plan.defended), strict=True):
        on_start(f"{folder.name}: {arm}, {recipe}, seed {seed}")
        _write_config(site, arm, recipe, task, seed, plan, rate)
        report = retrained(site, arm, recipe)
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
    body: Mapping[str, Any] = {
        "train": {"recipe": recipe, "seed": seed},
        "decider": {"name": "threshold", **threshold},
        "evaluation": {"audits": {_AUDIT: audit}},
        # What is measured is the recipe, not what the gate would put in its place.
        "gate": {"min_labels": 1, "beat_baseline": False},
    }
    write_given_site(site, arm, task, ["robust"], body)
