"""Labels of labelling functions, in the training part of a run."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from sftsec_core.api.domain import Message
from sftsec_core.dataset.labelling.functions import FunctionsPlace, cast_votes, load_functions
from sftsec_core.dataset.labelling.label_model import CountedVotes, LabelModel, fit_label_model
from sftsec_core.dataset.labelling.summary import collisions, summarize
from sftsec_core.dataset.sums import WEAK_LABELS, check_sums
from sftsec_core.operations.pooling import weigh_repeats_of
from sftsec_core.recipes.weak_labels import choose_weak_labels
from sftsec_core.sdk.atomic import write_atomically

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from sftsec_core.api.domain import Example, Incident
    from sftsec_core.dataset.labelling.functions import LabellingFunction
    from sftsec_core.dataset.labelling.summary import Collision, FunctionSummary
    from sftsec_core.dataset.pool import Pool
    from sftsec_core.dataset.snapshot import Snapshot
    from sftsec_core.operations.running import Run
    from sftsec_core.operations.splitting import TrainingData
    from sftsec_core.recipes.weak_labels import WeakLabels

WEAK_LABELS_FILE = "weak_labels.json"


@dataclass(frozen=True, slots=True)
class FunctionVotes:
    """The votes of a task's labelling functions, and what they are worth.

    Attributes:
        functions: m of them.
        model: fitted on the votes.
        pool: votes on unlabelled incidents, shape (n, m).
        labelled: votes on labelled incidents of train, shape (l, m).
        examples: these incidents.
        y: columns of their labels, shape (l,).
    """

    functions: Sequence[LabellingFunction]
    model: LabelModel
    pool: NDArray[np.int8]
    labelled: NDArray[np.int8]
    examples: Sequence[Example]
    y: NDArray[np.int64]

    def summaries(self) -> list[FunctionSummary]:
        """What each function does."""
        return summarize(self.functions, self.model, self.pool, self.labelled, self.y)

    def collisions(self) -> list[Collision]:
        """Which of them conflict or are copies."""
        return collisions(self.functions, self.model, self.pool)


def vote(
    run: Run, snapshot: Snapshot, train: Sequence[Example], pool: Pool | None
) -> FunctionVotes:
    """Let the task's functions vote on the labelled incidents of train and on the pool.

    Args:
        run: the run under way.
        snapshot: of the labelled incidents.
        train: these; dev and test are not looked at.
        pool: unlabelled incidents; None for none.

    Raises:
        ConfigError: when a pattern does not compile or a list cannot be read.
    """
    functions = load_functions(
        run.task.labelling_functions, FunctionsPlace(run.context.file, run.spec.name)
    )
    known = {example.uid: example for example in train if example.weight > 0}
    labels = run.spec.labels
    incidents = [each for each in snapshot.incidents() if each.uid in known]
    examples = [known[each.uid] for each in incidents]
    y = np.array([labels.index(each.label) for each in examples], dtype=np.int64)
    weights = np.array([each.weight for each in examples], dtype=np.float64)
    judged = cast_votes(functions, incidents, labels)
    unjudged = cast_votes(functions, _pooled(pool), labels)
    prior = np.bincount(y, weights, len(labels)) + 1.0
    model = fit_label_model(
        CountedVotes.of(judged, y, weights, len(labels)),
        CountedVotes.of(unjudged),
        prior / prior.sum(),
    )
    return FunctionVotes(functions, model, unjudged, judged, examples, y)


def add_weak_labels(run: Run, snapshot: Snapshot, dataset: TrainingData) -> TrainingData:
    """Add what the task's labelling functions label, if it has some and dev is not against it.

    After the task's transforms, which judge and change what analysts labelled.

    Args:
        run: the run under way.
        snapshot: of the labelled incidents.
        dataset: these, split, with their pool.

    Returns:
        The data with `train` longer and the pool shorter by what was added, and the counts in
        `data`.

    Raises:
        ConfigError: when a pattern does not compile or a list cannot be read.
        IntegrityError: when the counts do not add up.
    """
    if not run.task.labelling_functions or dataset.pool is None:
        return dataset
    pool = dataset.pool
    with run.stage("labelling functions", f"on {len(pool.rows):,} unlabelled incidents") as stage:
        votes = vote(run, snapshot, dataset.split.train, pool)
        found = choose_weak_labels(
            run.task.train.weak_labels,
            votes.model.labels(votes.pool),
            dataset.train,
            dataset.split.dev,
            [row.example for row in pool.rows],
            run.spec,
            run.task.train,
        )
        check_sums("the labelling functions", found.counts, [WEAK_LABELS])
        stage.counts |= {name.replace("_", " "): n for name, n in found.counts.items()}
    told = _told(votes, found, run.spec.labels)
    _warn(run, told)
    rows = weigh_repeats_of(run, found.added)
    labels = {example.uid: [example.label, example.weight] for example in rows}
    write_atomically(run.folder / WEAK_LABELS_FILE, json.dumps(labels).encode())
    added = set(found.rows.tolist())
    rest = [row for place, row in enumerate(pool.rows) if place not in added]
    return replace(
        dataset,
        train=[*dataset.train, *rows],
        pool=replace(pool, rows=rest),
        data={**dataset.data, "labelling_functions": told},
    )


def _pooled(pool: Pool | None) -> list[Incident]:
    return [] if pool is None else [row.incident for row in pool.rows]


def _told(votes: FunctionVotes, found: WeakLabels, labels: Sequence[str]) -> dict[str, Any]:
    """What the report and the card say."""
    columns = np.array([labels.index(each.label) for each in found.added], dtype=np.int64)
    agree = votes.pool[found.rows] == columns[:, None]
    given = [int(each) for each in agree.sum(axis=0)]
    functions = [
        replace(each, labels=number if each.used else 0).to_json()
        for each, number in zip(votes.summaries(), given, strict=True)
    ]
    return {
        **found.counts,
        "labelled": dict(found.labelled),
        "dev": dict(found.dev),
        "temperature": round(votes.model.temperature, 3),
        "functions": functions,
        "collisions": [asdict(pair) for pair in votes.collisions()],
    }


def _warn(run: Run, told: Mapping[str, Any]) -> None:
    for each in told["functions"]:
        for why in filter(None, (each["why_not"] and f"not used: {each['why_not']}", each["note"])):
            run.emit(Message(text=f"labelling function {each['name']}: {why}", level="warning"))
        if not each["votes"] and not each["voted"]:
            text = f"labelling function {each['name']} votes on no incident: are its fields there?"
            run.emit(Message(text=text, level="warning"))
    if told["left_out_by_dev"]:
        dev = told["dev"]
        why = (
            f"macro-F1 of `linear` on dev {dev['before']:.3f} -> {dev['after']:.3f}"
            if dev
            else "there is no dev part to decide by"
        )
        text = f"labelling functions: {told['left_out_by_dev']:,} rows are not learned from: {why}"
        run.emit(Message(text=text, level="warning"))
