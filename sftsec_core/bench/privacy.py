"""What models give away of their training incidents, and what it costs to limit that.

Each folder becomes a site whose configuration enables the plugin `privacy` by its name, and is
retrained three times: with the recipe as it would be without any care for it, as it is by default,
and with differential privacy. The figures are those of the report's audit `privacy`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sftsec_core.api.errors import TrainingError
from sftsec_core.bench.given_site import retrained, write_given_site, write_parts

if TYPE_CHECKING:
    from sftsec_core.api.domain import EvalReport, TaskSpec

ARMS = ("undefended", "default", "private")
_AUDIT = "privacy"
_FIGURES = ("rows", "shadows", "membership_auc", "low", "high", "loss_auc", "exposure")


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivacyPlan:
    """What is measured.

    Attributes:
        epsilon: of the private recipe.
        shadows: models of each attack.
        rows: incidents that are told members or not, at most.
        limit_train: training rows, drawn at random; None for all.
        limit_test: rows of dev and of test, at most.
    """

    epsilon: float = 8.0
    shadows: int = 8
    rows: int = 2000
    limit_train: int | None = None
    limit_test: int = 4000

    def recipe(self, arm: str) -> dict[str, Any]:
        """The recipe of an arm, with its settings."""
        if arm == "private":
            return {"name": "private_linear", "epsilon": self.epsilon}
        return {"name": "linear", **({"min_incidents": 1} if arm == "undefended" else {})}


def run_privacy_bench(
    folders: Sequence[Path],
    seeds: Sequence[int],
    plan: PrivacyPlan,
    on_start: Callable[[str], None] = lambda _what: None,
) -> Iterator[dict[str, Any]]:
    """Measure the three recipes on each folder with each seed.

    Args:
        folders: of train|dev|test.jsonl.gz.
        seeds: of the training, of what is drawn and of the attack.
        plan: the bounds.
        on_start: told of each training.

    Yields:
        dataset, seed, arm, recipe, macro_f1 (0 to 1), rows, shadows, membership_auc with low and
        high, loss_auc, exposure in bits, ngrams_of_one (None where the model has no vocabulary).

    Raises:
        DataError: when a folder cannot be read.
        TrainingError: when the attack could not be made.
    """
    for folder in folders:
        for seed in seeds:
            with tempfile.TemporaryDirectory(prefix="sftsec-bench-") as name:
                site = Path(name)
                task = write_parts(folder, site, seed, plan.limit_train, plan.limit_test)
                for arm in ARMS:
                    recipe = plan.recipe(arm)
                    on_start(f"{folder.name}: {arm}, {recipe['name']}, seed {seed}")
                    _write_config(site, arm, task, seed, plan)
                    report = retrained(site, arm, recipe["name"])
                    yield {"dataset": folder.name, "seed": seed, "arm": arm, **_row(report)}


def _write_config(site: Path, arm: str, task: TaskSpec, seed: int, plan: PrivacyPlan) -> None:
    audit = {"shadows": plan.shadows, "rows": plan.rows, "seed": seed, "budget": "1d"}
    body: Mapping[str, Any] = {
        "train": {"recipe": plan.recipe(arm), "seed": seed},
        "evaluation": {"audits": {_AUDIT: audit}},
        # What is measured is the recipe, not what the gate would put in its place.
        "gate": {"min_labels": 1, "beat_baseline": False},
    }
    write_given_site(site, arm, task, ["privacy"], body)


def _row(report: EvalReport) -> dict[str, Any]:
    section = report.sections[_AUDIT]
    figures = section["figures"]
    if not figures:
        raise TrainingError(f"{report.candidate.recipe}: {section['found']}")
    return {
        "recipe": report.candidate.recipe,
        "macro_f1": report.candidate.metrics["macro_f1"].value,
        "ngrams_of_one": figures["ngrams_of_one"],
        **{key: figures[key] for key in _FIGURES},
    }
