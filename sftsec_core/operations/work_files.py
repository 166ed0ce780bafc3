"""What lies in the folders of runs and models, as far as their removal depends on it."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from sftsec_core.operations.ingesting import DONE, POOL_DONE, POOL_PULLED, PULLED
from sftsec_core.operations.signatures import FILE as SIGNATURES
from sftsec_core.recipes.launch.local import ORDER
from sftsec_core.recipes.launch.places import EXAMPLES, FITTED, WORK

# Only a run that is resumed reads these; its report and its fingerprints are not among them.
FOR_RESUMPTION = (WORK, FITTED, EXAMPLES, PULLED, POOL_PULLED, ORDER, SIGNATURES)
_CARD = "card.json"


def size_of(path: Path) -> int:
    """The bytes of a file, or of all files below a folder; what goes meanwhile counts nothing."""
    if not path.is_dir() or path.is_symlink():
        return _own_size(path)
    # Not `rglob`, which raises where a folder goes while it is walked.
    return sum(
        _own_size(Path(folder, name)) for folder, _, names in os.walk(path) for name in names
    )


def _own_size(file: Path) -> int:
    with suppress(OSError):
        return file.lstat().st_size
    return 0


def modified_at(path: Path) -> datetime | None:
    """When a path was changed last (UTC); None when it is gone."""
    try:
        return datetime.fromtimestamp(path.lstat().st_mtime, UTC)
    except OSError:
        return None


def working_on(folder: Path) -> list[str]:
    """The digests of the snapshots that a run has pulled so far."""
    found = []
    for name in (DONE, POOL_DONE):
        with suppress(OSError, ValueError):
            found.append((folder / name).read_text("ascii"))
    return found


def card_snapshots(folder: Path, cards: str) -> set[str] | None:
    """The digests of the snapshots that a model's cards name; None when one cannot be read.

    Args:
        folder: the model's.
        cards: the name of the folder of its runs' cards.
    """
    found: set[str] = set()
    for file in (folder / _CARD, *folder.glob(f"{cards}/*/{_CARD}")):
        try:
            card = json.loads(file.read_text("utf-8"))
            data = card["training_data"]
            found.add(str(data["snapshot"]))
            if "unlabelled" in data:
                found.add(str(data["unlabelled"]["snapshot"]))
        except FileNotFoundError:
            continue  # older versions alone have one among the model's own files
        except (OSError, ValueError, TypeError, KeyError):
            return None
    return found or None
