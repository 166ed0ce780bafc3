"""List a task's snapshots, or show one in detail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sftsec_core.api.domain import Permission
from sftsec_core.api.errors import DataError, NotFoundError
from sftsec_core.dataset.snapshot import Snapshot, open_snapshot
from sftsec_core.operations.authorize import authorize

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sftsec_core.operations.context import Context
    from sftsec_core.store.snapshots import StoredSnapshot


def list_snapshots(context: Context, task: str) -> Sequence[StoredSnapshot]:
    """Return a task's snapshots, newest first.

    Raises:
        NotFoundError: when there is no such task.
    """
    authorize(context.actor, Permission.READ, task)
    context.task(task)
    return context.store.snapshots.list(task)


def newest_dataset(context: Context, task: str) -> Snapshot:
    """Open the data set that was built last.

    Raises:
        DataError: when the task has none yet.
    """
    found = context.store.snapshots.latest(task)
    if found is None:
        raise DataError(
            f"task {task!r} has no data set yet; `sftsec dataset build {task}` makes one"
        )
    return open_snapshot(context.at_hand(found.folder), verify=False, vault=context.vault)


def show_dataset(
    context: Context, task: str, digest: str, *, verify: bool = False
) -> StoredSnapshot:
    """Return the snapshot whose digest begins so.

    Args:
        context: settings, store, registry, actor and event stream.
        task: the task's name.
        digest: the digest or the beginning of it.
        verify: check its content against its digest.

    Raises:
        NotFoundError: when the task has no such snapshot.
        IntegrityError: when its content is not what was written.
    """
    found = list_snapshots(context, task)
    for each in found:
        if each.digest.startswith(digest):
            if verify:
                open_snapshot(context.at_hand(each.folder), vault=context.vault)
            return each
    raise NotFoundError("snapshot", digest, [each.digest[:12] for each in found])
