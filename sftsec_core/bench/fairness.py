"""How surely a gap between groups is found, and none where there is none; and what narrows one.

The audit, the transform, the decider and the voter are those of the plugin `fair`, by their names.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sftsec_core.api.contracts import AuditInput, AuditSpec, TrainJob
from sftsec_core.api.domain import Split
from sftsec_core.api.settings.evaluation import EvaluationSettings
from sftsec_core.api.settings.task import TrainSettings
from sftsec_core.bench.fairness_site import DEFENCES, FIELD, NEW, OFFICES, make_site, train
from sftsec_core.bench.quality_data import read_dataset
from sftsec_core.evaluation.inference import FittedModel
from sftsec_core.evaluation.labelled import answer
from sftsec_core.evaluation.methods import ServingMethods
from sftsec_core.plugins import Plugins, get

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sftsec_core.api.predictions import Predictions
    from sftsec_core.bench.quality_data import BenchDataset

Tell = Callable[[str], None]
GAPS = (0.1, 0.15, 0.2, 0.3)
KEPT = 0.05  # of the new office's attacks in train
BOUND = 0.1  # of the voter
_BUDGET_S = 600.0


@dataclass(frozen=True, slots=True)
class FairnessPlan:
    """What is measured.

    Attributes:
        folders: data sets, each `train|dev|test.jsonl.gz` with a benign label.
        seeds: of groups, of what is planted and of trainings.
        draws: of groups, for each data set: shuffled, and with each gap.
        gaps: of recall, 0 to 1, that are planted in the answers of a model.
        limit: rows of each part at most; None: all.
    """

    folders: Sequence[Path]
    seeds: Sequence[int]
    draws: int = 100
    gaps: Sequence[float] = GAPS
    limit: int | None = None


def run_fairness_bench(plan: FairnessPlan, tell: Tell = lambda _text: None) -> dict[str, Any]:
    """Measure the plugin `fair`.

    Returns:
        "found": for each data set and planted gap (0: shuffled groups) "data", "gap", "attacks" (of
        the group, on average), "draws", "found" (how many named a gap, the planted one where there
        is one); "trained": for each data set, seed and defence "data", "seed", "defence",
        "macro_f1", "gap" (of recall, 0 to 1), "recall", "rest_recall", "fpr", "rest_fpr", "named"
        (whether the audit calls it a gap) and "approved" (by `max_group_gap`).

    Raises:
        DataError: when a folder cannot be read, or has no benign label or no text.
        PluginError: when the plugin cannot be loaded.
    """
    found: list[dict[str, Any]] = []
    trained: list[dict[str, Any]] = []
    for folder in plan.folders:
        dataset = read_dataset(folder)
        for each in _draws(dataset, plan):
            tell(f"{folder.name}: a gap of {each['gap']:.0%}, found {each['found']} times")
            found.append(each)
        for seed in plan.seeds:
            for each in _trained(dataset, seed, plan):
                tell(f"{folder.name}: seed {seed}, {each['defence']}, gap {each['gap']:.1%}")
                trained.append(each)
    return {"found": found, "trained": trained}


# --- how surely a gap is found


def _draws(dataset: BenchDataset, plan: FairnessPlan) -> Iterator[dict[str, Any]]:
    spec = get("audit", "fairness", Plugins(["fair"]).specs(AuditSpec))
    answers = [_answers(dataset, seed, plan.limit) for seed in plan.seeds]
    for gap in (0.0, *plan.gaps):
        rng, named, attacks = np.random.default_rng(plan.seeds[0]), 0, 0
        for number in range(plan.draws):
            given = _planted(answers[number % len(answers)], gap, rng)
            gaps = spec.run(spec.configure({}), given)["figures"].get("gaps", ())
            named += any(each["found"] and (not gap or _is_planted(each)) for each in gaps)
            inside = np.array([each.facets[FIELD] == NEW for each in given.split.test])
            attacks += int((given.predictions.attacks & inside).sum())
        yield {
            "data": dataset.name,
            "gap": gap,
            "attacks": attacks / plan.draws,
            "draws": plan.draws,
            "found": named,
        }


def _is_planted(gap: dict[str, Any]) -> bool:
    return bool(gap["group"] == f"{FIELD}={NEW}" and gap["figure"] == "recall")


def _answers(dataset: BenchDataset, seed: int, limit: int | None) -> AuditInput:
    """What a linear model, trained without any plant, decides on test."""
    from sftsec_core.recipes.specs import RECIPES

    recipe = next(each for each in RECIPES if each.name == "linear")
    split = Split(dataset.train[:limit], dataset.dev[:limit], dataset.test[:limit])
    with tempfile.TemporaryDirectory() as folder:
        job = TrainJob(
            task=dataset.task,
            train=split.train,
            dev=split.dev,
            config=recipe.configure({}),
            settings=TrainSettings(seed=seed),
            workdir=Path(folder),
            deadline_s=_BUDGET_S,
        )
        model = recipe.fit(job)
    predictions = answer(FittedModel(model, "linear"), split, dataset.task, ServingMethods())
    settings = EvaluationSettings(groups=(FIELD,))
    return AuditInput(dataset.task, split, model, predictions, settings=settings)


def _planted(given: AuditInput, gap: float, rng: np.random.Generator) -> AuditInput:
    """The same answers for rows of offices drawn at random; the new one's attacks are missed more.

    As many found attacks of it are taken as missed as bring its recall that far below the rest's.
    """
    new = rng.integers(0, 2, len(given.predictions)) == 1
    test = [
        replace(each, facets={FIELD: OFFICES[int(is_new)]})
        for each, is_new in zip(given.split.test, new, strict=True)
    ]
    split = Split(given.split.train, given.split.dev, test)
    predictions = given.predictions if not gap else _miss(given.predictions, new, gap, rng)
    return replace(given, split=split, predictions=predictions)


def _miss(
    predictions: Predictions, new: NDArray[np.bool_], gap: float, rng: np.random.Generator
) -> Predictions:
    benign, attacks = predictions.benign or 0, predictions.attacks
    found = predictions.labels != benign
    inside, rest = attacks & new, attacks & ~new
    wanted = max(0.0, found[rest].mean() - gap) * inside.sum()
    hits = rng.permutation(np.flatnonzero(inside & found))
    decided = predictions.labels.copy()
    decided[hits[round(wanted) :]] = benign
    return replace(predictions, decided=decided)


# --- what narrows a gap


def _trained(dataset: BenchDataset, seed: int, plan: FairnessPlan) -> Iterator[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as work:
        site = Path(work) / "site"
        make_site(site, dataset, kept=KEPT, seed=seed, limit=plan.limit)
        for defence in DEFENCES:
            result = train(site, dataset.task, defence, seed=seed, bound=BOUND)
            report = result.report
            figures = report.sections["fairness"]["figures"]
            mine, rest = (_of(figures, name) for name in (NEW, OFFICES[0]))
            vote = next(v for v in result.decision.votes if v.voter == "max_group_gap")
            yield {
                "data": dataset.name,
                "seed": seed,
                "defence": defence,
                "macro_f1": report.candidate.metrics["macro_f1"].value,
                "gap": rest["recall"] - mine["recall"],
                "recall": mine["recall"],
                "rest_recall": rest["recall"],
                "fpr": mine["fpr"],
                "rest_fpr": rest["fpr"],
                "named": any(each["found"] and _is_planted(each) for each in figures["gaps"]),
                "approved": vote.approve,
            }


def _of(figures: dict[str, Any], office: str) -> dict[str, float]:
    group = next(e for e in figures["groups"] if e["group"] == f"{FIELD}={office}")
    return {name: group[name]["value"] for name in ("recall", "fpr")}
