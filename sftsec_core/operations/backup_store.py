"""Write one consistent copy of the state into a file, while others work."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sftsec_core import __version__
from sftsec_core.api.domain import Permission
from sftsec_core.api.errors import StoreError
from sftsec_core.operations.adapted_encoders import adapted_encoders
from sftsec_core.operations.authorize import authorize
from sftsec_core.operations.work_files import FOR_RESUMPTION
from sftsec_core.store.backup_file import BackupWriter
from sftsec_core.store.copies import copy_as_it_is
from sftsec_core.store.health import look_at
from sftsec_core.store.label_queue import FILE as QUEUE_FILE
from sftsec_core.store.salt import SALT_FILE as SALT
from sftsec_core.store.salt import salt_mark
from sftsec_core.store.staging import staging
from sftsec_core.store.store import Store
from sftsec_core.store.vault import KEYS_FILE, is_encrypted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sftsec_core.operations.context import Context
    from sftsec_core.store.copying import TableSum

DATABASE, CONNECTORS = "store.db", "connectors"


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was written.

    Attributes:
        file: where it is.
        bytes: its size.
        rows: of the database, by table.
        secrets: whether salt and keys.json are in it.
        encrypted: whether the state is; then it can be used with keys.json and its key alone.
        left_out: what the database names and the backup does not hold, with the reason.
    """

    file: Path
    bytes: int
    rows: Mapping[str, int]
    secrets: bool
    encrypted: bool
    left_out: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {**asdict(self), "file": str(self.file)}


def backup_store(context: Context, place: Path, *, secrets: bool = False) -> Backup:
    """Copy the database as it is at one moment, and the folders beside it, into a file.

    What is encrypted stays so. Checkpoints are left out: a run that was under way begins again.

    Args:
        context: settings, store, actor and event stream.
        place: a file that is not there yet, or a folder that gets one named by the time.
        secrets: put in the site's salt and keys.json too.

    Raises:
        StoreError: when the file is there, cannot be written, or a folder was removed meanwhile.
    """
    authorize(context.actor, Permission.MANAGE_STORE)
    folder, now = context.folder, datetime.now(UTC)
    file = place / f"sftsec-{now:%Y%m%dT%H%M%SZ}.tar" if place.is_dir() else place
    file = file.absolute()
    facts = _facts(folder, context.store.moving.place, now)
    with BackupWriter(file) as writer, staging(folder) as work:
        copy = work / DATABASE
        context.store.audit.append("store.backed_up", str(file), {"secrets": secrets})
        tables = context.store.copies.write(copy)
        writer.add(DATABASE, copy)
        with Store.open(f"sqlite:///{copy}", folder=folder) as copied:
            left_out = tuple(_add_folders(context, writer, copied))
        copy.unlink()
        _add_rest(writer, folder, work, secrets=secrets)
        size = writer.finish(_with_sums(facts, tables))
    rows = {name: each.rows for name, each in tables.items()}
    return Backup(file, size, rows, secrets, bool(facts["encrypted"]), left_out)


def backup_database(context: Context, file: Path) -> None:
    """Write the database alone into a backup, in the version that it has.

    Raises:
        StoreError: when the file is there or cannot be written, or the store is of a newer version.
    """
    authorize(context.actor, Permission.MANAGE_STORE)
    folder, url = context.folder, context.store_url
    facts = _facts(folder, look_at(url).place, datetime.now(UTC))
    with BackupWriter(file.absolute()) as writer, staging(folder) as work:
        copy = work / DATABASE
        tables = copy_as_it_is(url, copy)
        writer.add(DATABASE, copy)
        writer.finish(_with_sums(facts, tables))


def _facts(folder: Path, place: str, now: datetime) -> dict[str, Any]:
    return {
        "created_at": now.isoformat(),
        "sftsec": __version__,
        "place": place,
        "salt": salt_mark(folder),
        "encrypted": is_encrypted(folder),
    }


def _with_sums(facts: Mapping[str, Any], tables: Mapping[str, TableSum]) -> dict[str, Any]:
    return {**facts, "tables": {name: asdict(each) for name, each in tables.items()}}


def _add_folders(context: Context, writer: BackupWriter, copied: Store) -> Iterator[str]:
    """Add what the rows name, and adapted encoders; return what is not there or elsewhere."""
    root = context.folder
    encoders = ((f"encoder {each.name[:12]}", each) for each in adapted_encoders(context))
    for name, folder in (*_named(copied), *encoders):
        if not folder.is_relative_to(root):
            yield f"{name}: {folder} lies outside the state folder"
        elif not context.at_hand(folder).is_dir():
            yield f"{name}: {folder} is not there"
        else:
            writer.add_folder(folder.relative_to(root).as_posix(), folder)
    for run in copied.pruning.run_states():
        if run.folder.is_relative_to(root) and run.folder.is_dir():
            # One that is under way writes there; what it needs to be resumed it makes again.
            leave = FOR_RESUMPTION if run.ended else {path.name for path in run.folder.iterdir()}
            writer.add_folder(run.folder.relative_to(root).as_posix(), run.folder, leave=leave)


def _named(copied: Store) -> Iterator[tuple[str, Path]]:
    for ref in copied.models.list(None):
        yield f"model {ref.digest[:12]}", ref.folder
    for digest, folder in {row.digest: row.folder for row in copied.snapshots.list()}.items():
        yield f"snapshot {digest[:12]}", folder


def _add_rest(writer: BackupWriter, folder: Path, work: Path, *, secrets: bool) -> None:
    queue = folder / QUEUE_FILE
    if queue.is_file():
        copy = work / QUEUE_FILE
        try:
            with closing(sqlite3.connect(queue)) as source, closing(sqlite3.connect(copy)) as out:
                source.backup(out)
        except sqlite3.Error as error:
            raise StoreError(f"{queue}: {error}") from error
        writer.add(QUEUE_FILE, copy)
    if (folder / CONNECTORS).is_dir():
        writer.add_folder(CONNECTORS, folder / CONNECTORS)
    for name in (SALT, KEYS_FILE) if secrets else ():
        if (folder / name).is_file():
            writer.add(name, folder / name)
