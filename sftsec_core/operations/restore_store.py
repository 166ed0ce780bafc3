"""Bring a state back from a backup."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sftsec_core.api.domain import Permission
from sftsec_core.api.errors import ConfigError, StoreError
from sftsec_core.operations.authorize import authorize
from sftsec_core.operations.backup_store import CONNECTORS, DATABASE
from sftsec_core.operations.unused import FOLDERS
from sftsec_core.sdk.atomic import sync, write_atomically
from sftsec_core.store.backup_file import BackupReader
from sftsec_core.store.forgotten_file import kept_erasures
from sftsec_core.store.label_queue import FILE as QUEUE_FILE
from sftsec_core.store.salt import SALT_FILE as SALT
from sftsec_core.store.salt import salt_mark
from sftsec_core.store.staging import locked, staging
from sftsec_core.store.store import Store
from sftsec_core.store.vault import KEYS_FILE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sftsec_core.operations.context import Context


@dataclass(frozen=True, slots=True)
class RestoredStore:
    """What was brought back.

    Attributes:
        place: of the database, without its password.
        created_at: when the backup was made.
        rows: by table.
        folders: how many, by kind.
        notes: what has to be done by hand before anything else.
    """

    place: str
    created_at: str
    rows: Mapping[str, int]
    folders: Mapping[str, int]
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)


def restore_store(context: Context, file: Path, *, force: bool = False) -> RestoredStore:
    """Fill the configured state from a backup, on whatever kind of database it was made.

    All of it is unpacked beside its place and compared with its digests first. Then folders get
    their places, and last the database its rows, in one transaction: a call that was killed
    is called again.

    Args:
        context: settings, actor and event stream.
        file: the backup.
        force: replace what the state holds.

    Raises:
        StoreError: when the state holds data, or a newer sftsec made the backup.
        IntegrityError: when the backup is not whole or was changed; nothing was touched.
        ConfigError: when the state has another salt or other keys than the backup.
    """
    authorize(context.actor, Permission.MANAGE_STORE)
    root = context.folder
    url, actor = context.revealed(context.settings.state.url), context.actor.name
    with (
        BackupReader(file) as backup,
        # Without the vault: opening it would make keys for a state that has none yet.
        Store.open(url, folder=root, actor=actor) as store,
    ):
        if not force and not store.copies.is_empty():
            raise StoreError(f"{store.moving.place} holds data: --force replaces all of it")
        with staging(root) as place:
            backup.extract(place)
            notes = _check_secrets(root, place, backup.facts, force=force)
            folders = {kind: _put(root, place, kind) for kind in FOLDERS}
            _put_rest(root, place, force=force)
            copied = store.copies.read(place / DATABASE, file.name, replace=force)
        rows = {name: each.rows for name, each in copied.items()}
        made = str(backup.facts.get("created_at"))
        notes += _forgotten_since(root, made, used=bool(store.erasures.list()))
        return RestoredStore(store.moving.place, made, rows, folders, tuple(notes))


def _forgotten_since(root: Path, made: str, *, used: bool) -> list[str]:
    """What has to be erased again: a backup holds what was forgotten after it was made.

    Args:
        root: the state folder.
        made: when the backup was made.
        used: whether the backup knows of anything forgotten.
    """
    since = [k for k in kept_erasures(root) if k.erasure.at >= datetime.fromisoformat(made)]
    if since:
        count = "1 erasure is" if len(since) == 1 else f"{len(since)} erasures are"
        return [
            f"{count} newer than the backup: nothing is pulled until `sftsec forget --resume` has "
            "erased again what it holds of them"
        ]
    again = f"what was forgotten after {made[:16]} UTC is there again: `sftsec forget` it again"
    return [again] if used else []


def _check_secrets(root: Path, place: Path, facts: Mapping[str, Any], *, force: bool) -> list[str]:
    """Refuse what could not be read or compared later; return what to do by hand."""
    notes = []
    mine, theirs = salt_mark(root), facts.get("salt")
    if mine and theirs and mine != theirs and not force:
        raise ConfigError(
            f"{root / SALT} is not the salt of the backup's site: put that one there, or --force"
        )
    if theirs and not mine and not (place / SALT).is_file():
        notes.append(f"put the old site's salt into {root / SALT} before anything is run")
    own, given = root / KEYS_FILE, place / KEYS_FILE
    if facts.get("encrypted") and not own.is_file() and not given.is_file():
        raise ConfigError(f"the backup is encrypted: put the old site's keys.json into {own} first")
    if own.is_file() and given.is_file() and not force and _keys(own) != _keys(given):
        raise ConfigError(f"{own} is not the keys.json of the backup: remove it, or --force")
    return notes


def _keys(file: Path) -> object:
    """The ids of the data keys; the rest changes with the key that encrypts them."""
    with suppress(ValueError, KeyError, TypeError):
        return sorted(each["id"] for each in json.loads(file.read_text("utf-8"))["keys"])
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _put(root: Path, place: Path, kind: str) -> int:
    """Give folders their places; those of the same name are of the same content, or remains."""
    found = sorted((place / kind).iterdir()) if (place / kind).is_dir() else []
    with locked(root / kind):
        for number, folder in enumerate(found):
            target = root / kind / folder.name
            if target.exists():
                target.rename(place / f"replaced-{kind}-{number}")
            folder.rename(target)
        sync(root / kind)
    return len(found)


def _put_rest(root: Path, place: Path, *, force: bool) -> None:
    for name in (SALT, KEYS_FILE):
        if (place / name).is_file():
            write_atomically(root / name, (place / name).read_bytes())
    for name in (QUEUE_FILE, CONNECTORS):
        target = root / name
        if not (place / name).exists() or (target.exists() and not force):
            continue
        if target.exists():
            target.rename(place / f"replaced-{name}")
        for left in (f"{name}-wal", f"{name}-shm"):
            (root / left).unlink(missing_ok=True)
        (place / name).rename(target)
