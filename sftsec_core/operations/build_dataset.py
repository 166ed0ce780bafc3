"""Build the data set that a retraining run would train on, without training."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sftsec_core.api.domain import Permission
from sftsec_core.operations.authorize import authorize
from sftsec_core.operations.canaries import check_canaries
from sftsec_core.operations.ingesting import ingest_snapshot
from sftsec_core.operations.preflight import check_labelling, check_requirements
from sftsec_core.operations.running import running
from sftsec_core.operations.training_data import training_data

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sftsec_core.api.domain import LeakCheck
    from sftsec_core.operations.context import Context


@dataclass(frozen=True, slots=True)
class BuiltDataset:
    """A snapshot and its split.

    Attributes:
        folder: the snapshot's.
        data: counts, parts and verdicts, as a report shows them.
        leaks: what stands in two parts of the split.
    """

    snapshot: str
    folder: Path
    data: Mapping[str, Any]
    leaks: LeakCheck

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {**self.data, "leaks": asdict(self.leaks), "folder": str(self.folder)}


def build_dataset(context: Context, name: str, *, full: bool = False) -> BuiltDataset:
    """Pull a task's labelled incidents into a snapshot, resolve verdicts, split and check.

    Args:
        context: settings, plugins, store, actor and event stream.
        name: the task.
        full: pull and clean everything again, also what did not change since the last pull.

    Raises:
        DataError: when there is nothing to train on.
        ConnectorUnavailableError: when the connection was lost; the next call resumes.
    """
    authorize(context.actor, Permission.BUILD_DATASET, name)
    check_requirements(context.task(name), context.plugins)
    check_labelling(context.task(name), context.file, name)
    check_canaries(context.task(name), context.plugins, context.file, name)
    with running(context, "dataset", name) as run:
        snapshot = ingest_snapshot(run, full=full)
        dataset = training_data(run, snapshot)
    return BuiltDataset(snapshot.digest, snapshot.folder, dataset.data, dataset.leaks)
