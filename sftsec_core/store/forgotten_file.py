"""What was forgotten, once more beside the database: a restored backup does not know of it.

    <state>/forgotten.json    [{"erasure", "found_by", "incidents", "at", "salt", "keys"}, ...]

The keys are tombstones: nothing is told by them without the site's salt, whose mark stands beside.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sftsec_core.api.errors import IntegrityError
from sftsec_core.sdk.atomic import write_atomically
from sftsec_core.store.erasures import Erasure
from sftsec_core.store.salt import salt_mark

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

FORGOTTEN_FILE = "forgotten.json"


@dataclass(frozen=True, slots=True)
class KeptErasure:
    """An erasure as the file has it.

    Attributes:
        erasure: what was begun; whether it was finished is the database's to say.
        keys: its tombstones.
    """

    erasure: Erasure
    keys: frozenset[str]


def keep_erasure(folder: Path, erasure: Erasure, keys: Collection[str]) -> None:
    """Write an erasure down, before the database knows of it.

    Raises:
        IntegrityError: when the file is not what was written.
    """
    said = {
        "erasure": erasure.id,
        "found_by": erasure.found_by,
        "incidents": erasure.incidents,
        "at": erasure.at.isoformat(),
        "salt": salt_mark(folder),
        "keys": sorted(keys),
    }
    body = json.dumps([*_read(folder), said], indent=1) + "\n"
    write_atomically(folder / FORGOTTEN_FILE, body.encode())


def kept_erasures(folder: Path) -> list[KeptErasure]:
    """Read the erasures under the folder's present salt, the oldest first; none without a file.

    Raises:
        IntegrityError: when the file is not what was written.
    """
    mark = salt_mark(folder)
    try:
        return [_kept(said) for said in _read(folder) if said["salt"] == mark]
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged(folder) from error


def _kept(said: dict[str, Any]) -> KeptErasure:
    names = (said["erasure"], said["found_by"], said["incidents"])
    erasure = Erasure(*names, datetime.fromisoformat(said["at"]), None)
    return KeptErasure(erasure, frozenset(said["keys"]))


def _read(folder: Path) -> list[dict[str, Any]]:
    file = folder / FORGOTTEN_FILE
    if not file.is_file():
        return []
    try:
        found = json.loads(file.read_bytes())
    except ValueError as error:
        raise _damaged(folder) from error
    if not isinstance(found, list):
        raise _damaged(folder)
    return found


def _damaged(folder: Path) -> IntegrityError:
    return IntegrityError(
        f"{folder / FORGOTTEN_FILE} cannot be read: it keeps what was forgotten from coming back "
        "with a backup; take it from another copy of the state, or remove it if none is restored"
    )
