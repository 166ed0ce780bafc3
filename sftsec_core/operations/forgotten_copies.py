"""Find the same incidents under other ids: in files that were copied or renamed, say."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from sftsec_core.api.errors import IntegrityError
from sftsec_core.dataset.dedup.records import source_uid
from sftsec_core.dataset.dedup.tables import to_hex
from sftsec_core.dataset.parts import open_part
from sftsec_core.dataset.snapshot import open_snapshot
from sftsec_core.dataset.sources import unscoped
from sftsec_core.operations.increments import FOLDER as INCREMENTS

if TYPE_CHECKING:
    from pathlib import Path

    from sftsec_core.operations.context import Context
    from sftsec_core.operations.find_incidents import Named
    from sftsec_core.store.snapshots import StoredSnapshot

# What an incident holds: the digest of what a model reads of it, and its time.
Content = tuple[str, datetime | None]
_Row = tuple[str, str, datetime | None]  # uid, digest, at


def copies_of(context: Context, contents: Collection[Content]) -> set[Named]:
    """The incidents of all data sets and pulled parts that hold one of these contents.

    A task that reads figures of earlier events keeps each event by its id: there none is found.

    Args:
        context: settings, store and registry.
        contents: as a model reads them.
    """
    if not contents:
        return set()
    found: set[Named] = set()
    for stored in context.store.snapshots.list():
        connectors = _connectors(context, stored.task)
        rows = _snapshot_rows(context, stored)
        found |= {_named(uid, connectors) for uid, *content in rows if tuple(content) in contents}
    root = context.folder / INCREMENTS
    for folder in sorted(path for path in root.glob("*/*/*") if path.is_dir()):
        for connector, uid, digest, at in _part_rows(context, folder):
            if (digest, at) in contents:
                known = (connector,) if connector else _connectors(context, folder.parts[-3])
                found.add(_named(uid, known))
    return found


def _named(uid: str, connectors: tuple[str, ...]) -> Named:
    name = source_uid(uid)
    scoped = unscoped(name)
    return scoped if scoped[0] in connectors else (connectors[0], name)


def _connectors(context: Context, task: str) -> tuple[str, ...]:
    settings = context.settings.tasks.get(task)
    return tuple(settings.connectors) if settings else tuple(context.settings.connectors)


def _snapshot_rows(context: Context, stored: StoredSnapshot) -> Iterator[_Row]:
    folder = context.at_hand(stored.folder)
    if not folder.is_dir():
        return
    try:
        snapshot = open_snapshot(folder, verify=False, vault=context.vault)
        for batch in snapshot.batches(["uid", "digest", "at"]):
            columns = (batch.column(name).to_pylist() for name in ("uid", "digest", "at"))
            yield from zip(*columns, strict=True)
    except IntegrityError:
        return  # it is removed as a whole


def _part_rows(context: Context, folder: Path) -> Iterator[tuple[str, str, str, datetime | None]]:
    part = open_part(folder, context.vault)
    if part is None:
        return
    rows = part.rows(["uid", "at"])
    digests = to_hex(part.arrays()["digests"]).to_pylist()
    columns = (rows["uid"].to_pylist(), digests, rows["at"].to_pylist())
    for uid, digest, at in zip(*columns, strict=True):
        yield part.facts.connector, uid, digest, at
