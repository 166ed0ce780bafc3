"""What a task's labelling functions do, on its newest data set and pool; nothing is trained."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sftsec_core.api.domain import Message, Permission, describe_inputs
from sftsec_core.api.errors import ConfigError
from sftsec_core.dataset.labelling.functions import ABSTAIN
from sftsec_core.operations.authorize import authorize
from sftsec_core.operations.pooling import last_pool
from sftsec_core.operations.preflight import check_labelling, check_requirements
from sftsec_core.operations.running import running
from sftsec_core.operations.show_dataset import newest_dataset
from sftsec_core.operations.splitting import split_snapshot
from sftsec_core.operations.weak_labelling import vote

if TYPE_CHECKING:
    from sftsec_core.dataset.labelling.summary import Collision, FunctionSummary
    from sftsec_core.dataset.snapshot import Snapshot
    from sftsec_core.operations.context import Context
    from sftsec_core.operations.running import Run
    from sftsec_core.operations.weak_labelling import FunctionVotes

_LONGEST = 200


@dataclass(frozen=True, slots=True)
class WrongVote:
    """A vote that the analysts' label contradicts.

    Attributes:
        function: which one voted.
        uid: of an incident of train.
        vote: the label that it voted for.
        label: the analysts'.
        text: the beginning of what a model reads of it, redacted.
    """

    function: str
    uid: str
    vote: str
    label: str
    text: str


@dataclass(frozen=True, slots=True)
class FunctionsResult:
    """What the labelling functions of a task do.

    Attributes:
        snapshot: digest of the data set.
        pool: unlabelled incidents that they vote on.
        labelled: labelled incidents of train; dev and test are not looked at.
        sure: unlabelled incidents, by the label that the votes come to, where that is sure enough
            to be learned from.
        functions: one each, in the order of the configuration.
        collisions: pairs that conflict or are copies.
        wrong: examples of votes that analysts contradict.
    """

    task: str
    snapshot: str
    pool: int
    labelled: int
    sure: dict[str, int]
    functions: tuple[FunctionSummary, ...]
    collisions: tuple[Collision, ...]
    wrong: tuple[WrongVote, ...]

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)


def label_functions(context: Context, name: str, *, examples: int = 3) -> FunctionsResult:
    """Let a task's labelling functions vote on its newest data set and pool, and tell how they do.

    Nothing is pulled and nothing is kept but the record of the run.

    Args:
        context: settings, store, registry, actor and event stream.
        name: the task.
        examples: wrong votes to show of each function.

    Raises:
        NotFoundError: when there is no such task.
        ConfigError: when it has no labelling functions, or one cannot be made.
        DataError: when it has no data set yet.
    """
    authorize(context.actor, Permission.BUILD_DATASET, name)
    task = context.task(name)
    if not task.labelling_functions:
        raise ConfigError(
            "there are none: name a regex, a list of indicators or another tool's verdict there",
            file=context.file,
            path=f"tasks.{name}.labelling_functions",
        )
    check_requirements(task, context.plugins)
    check_labelling(task, context.file, name)
    snapshot = newest_dataset(context, name)
    with running(context, "functions", name) as run:
        _warn_of_missing_fields(run, snapshot)
        dataset = split_snapshot(run, snapshot)
        pool = last_pool(run, snapshot, dataset)
        with run.stage("labelling functions") as stage:
            votes = vote(run, snapshot, dataset.split.train, pool)
            stage.counts |= {"labelled": len(votes.examples), "unlabelled": len(votes.pool)}
    return FunctionsResult(
        name,
        snapshot.digest,
        len(votes.pool),
        len(votes.examples),
        _sure(votes, run.spec.labels, task.train.weak_labels.min_confidence),
        tuple(votes.summaries()),
        tuple(votes.collisions()),
        tuple(_wrong(votes, run.spec.labels, examples)),
    )


def _warn_of_missing_fields(run: Run, snapshot: Snapshot) -> None:
    """Say which fields the data set was built without: functions may be newer than it."""
    read = {name for each in run.task.labelling_functions.values() for name in each.reads}
    missing = ", ".join(sorted(read - snapshot.fields.keys()))
    if missing:
        told = f"the data set was built without {missing}, which functions read"
        again = f"sftsec dataset build {run.spec.name}"
        run.emit(Message(text=f"{told}: {again}", level="warning"))


def _sure(votes: FunctionVotes, labels: tuple[str, ...], floor: float) -> dict[str, int]:
    columns, proba = votes.model.labels(votes.pool)
    sure = columns[(columns != ABSTAIN) & (proba >= floor)]
    return dict(zip(labels, np.bincount(sure, minlength=len(labels)).tolist(), strict=True))


def _wrong(votes: FunctionVotes, labels: tuple[str, ...], most: int) -> list[WrongVote]:
    found = []
    for j, function in enumerate(votes.functions):
        given = votes.labelled[:, j]
        rows = np.flatnonzero((given != ABSTAIN) & (given != votes.y))[:most]
        for row in rows.tolist():
            example = votes.examples[row]
            text = " ".join(describe_inputs(example.inputs).split())[:_LONGEST]
            label = labels[given[row]]
            found.append(WrongVote(function.name, example.uid, label, example.label, text))
    return found
