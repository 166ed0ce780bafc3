"""What the data sets say of forgotten incidents: which hold them, their texts, their inputs.

It is read before the data sets go: reports, cards and fingerprints do not name incidents by what a
tombstone is made of, and are found by it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from sftsec_core.api.domain import inputs_digest
from sftsec_core.api.errors import IntegrityError, SftsecError
from sftsec_core.dataset.features import renderer
from sftsec_core.dataset.fingerprints import fingerprints
from sftsec_core.dataset.snapshot import open_snapshot
from sftsec_core.models.artifact import CARDS
from sftsec_core.operations.adapted_encoders import adapted_encoders, adapted_from
from sftsec_core.operations.work_files import card_snapshots

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from numpy.typing import NDArray

    from sftsec_core.api.domain import Incident, Inputs
    from sftsec_core.dataset.forgotten import Forgotten
    from sftsec_core.dataset.snapshot import Snapshot
    from sftsec_core.operations.context import Context
    from sftsec_core.operations.forgotten_copies import Content
    from sftsec_core.store.snapshots import StoredSnapshot
    from sftsec_core.store.vault import Vault

# A shorter text stands in a report as a label or a figure too.
_TELLING = 16


@dataclass(slots=True)
class Learned:
    """Where forgotten incidents stand, and who learned from them.

    Attributes:
        snapshots: digests of the data sets that hold one, or that cannot be read.
        tasks: that have such a data set.
        models: digests of the models that were trained on one of them.
        encoders: digests of the encoders that were adapted on one of them.
        texts: of their fields, and as a model reads them.
        inputs: salted fingerprints of what models read of them.
        contents: digests of the same, each with the incident's time.
    """

    snapshots: set[str] = field(default_factory=set)
    tasks: set[str] = field(default_factory=set)
    models: set[str] = field(default_factory=set)
    encoders: set[str] = field(default_factory=set)
    texts: set[str] = field(default_factory=set)
    inputs: NDArray[np.uint64] = field(default_factory=lambda: np.array([], np.uint64))
    contents: set[Content] = field(default_factory=set)

    def tells(self, text: str) -> bool:
        """Whether a text holds one of theirs, or a large piece of one."""
        piece = text.strip().rstrip("…").rstrip(".")
        if len(piece) < _TELLING:
            return False
        return any(piece in each or each in text for each in self.texts)


def learned_from(context: Context, gone: Forgotten) -> Learned:
    """Look through the data sets and the models.

    Args:
        context: settings, store and registry.
        gone: the incidents.
    """
    found, prints = Learned(), []
    for stored in context.store.snapshots.list():
        incidents = _rows_of(context, stored, gone)
        if incidents is None:
            continue
        found.snapshots.add(stored.digest)
        found.tasks.add(stored.task)
        read = _inputs(context, stored.task, incidents)
        inputs = [each for each, _ in read]
        prints.append(fingerprints(inputs, context.salt))
        found.contents |= {(inputs_digest(each), at) for each, at in read}
        found.texts |= set(_texts(incidents, inputs))
    if prints:
        found.inputs = np.unique(np.concatenate(prints))
    found.models = set(_models(context, gone, found.snapshots))
    found.encoders = {
        folder.name
        for folder in adapted_encoders(context)
        if adapted_from(folder) & found.snapshots
    }
    return found


def _rows_of(context: Context, stored: StoredSnapshot, gone: Forgotten) -> list[Incident] | None:
    """The rows of the incidents in a data set; None where it has none, nor a verdict on one."""
    task = context.settings.tasks.get(stored.task)
    connectors = tuple(task.connectors) if task else tuple(context.settings.connectors)
    folder = context.at_hand(stored.folder)
    if not folder.is_dir():
        return None
    try:
        snapshot = open_snapshot(folder, verify=False, vault=context.vault)
        named = any(gone.has_row(uid, connectors) for uid in _uids(snapshot))
        if not named:
            return None
        return [each for each in snapshot.incidents() if gone.has_row(each.uid, connectors)]
    except IntegrityError:
        return []  # what cannot be read cannot be shown to hold nothing of them


def holds(
    folder: Path, gone: Forgotten, connectors: Sequence[str], vault: Vault | None = None
) -> bool:
    """Whether a data set holds one of them, or cannot be read and may."""
    try:
        uids = _uids(open_snapshot(folder, verify=False, vault=vault))
        return any(gone.has_row(uid, connectors) for uid in uids)
    except IntegrityError:
        return True


def _uids(snapshot: Snapshot) -> Iterator[str]:
    for batch in snapshot.batches(["uid"]):
        yield from batch.column("uid").to_pylist()
    for uids in (batch.column("uid").to_pylist() for batch in snapshot.verdict_batches()):
        yield from dict.fromkeys(uids)


def _inputs(
    context: Context, task: str, incidents: list[Incident]
) -> list[tuple[Inputs, datetime | None]]:
    """What the task reads of incidents now; nothing for a task that is gone or reads otherwise."""
    if task not in context.settings.tasks:
        return []
    try:
        spec = context.task_spec(task)
        render = renderer(spec, context.task(task).render, context.plugins)
        return [(spec.own(read), each.at) for each in incidents if (read := render(each))]
    except SftsecError:
        return []


def _texts(incidents: list[Incident], inputs: list[Inputs]) -> Iterator[str]:
    values = [value for each in incidents for value in each.fields.values()]
    for value in [*values, *(value for each in inputs for value in each.values())]:
        for piece in value if isinstance(value, tuple) else (value,):
            if isinstance(piece, str) and len(piece) >= _TELLING:
                yield piece


def _models(context: Context, gone: Forgotten, holding: set[str]) -> Iterator[str]:
    """The models that learned from the incidents.

    Where a model's data set is gone it counts as one of them if a verdict on an incident had been
    pulled when it was made.
    """
    known = {row.digest for row in context.store.snapshots.list()}
    judged = context.store.erasures.first_judged(gone.has)
    for ref in context.store.models.list(None):
        named = card_snapshots(ref.folder, CARDS) or set()
        task = context.settings.tasks.get(ref.task)
        first = [at for name, at in judged.items() if task is None or name in task.connectors]
        unclear = not named or not named <= known
        if named & holding or (unclear and any(at <= ref.created_at for at in first)):
            yield ref.digest
