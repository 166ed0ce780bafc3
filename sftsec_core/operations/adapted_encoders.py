"""Adapted encoders in the state folder: which are there, and what still needs them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from sftsec_core.api.errors import IntegrityError
from sftsec_core.models.artifact import MANIFEST
from sftsec_core.recipes.adaptation import Adaptation
from sftsec_core.recipes.saved_encoders import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from sftsec_core.api.settings.task import TrainSettings
    from sftsec_core.operations.context import Context

ENCODERS = "encoders"
_NAMED = re.compile(rf"\b{ENCODERS}/([0-9a-f]{{64}})\b")


def adapted_encoders(context: Context) -> list[Path]:
    """Their folders, the newest first."""
    found = [path.parent for path in (context.folder / ENCODERS).glob(f"*/{MANIFEST}")]
    return sorted(found, key=lambda folder: (-folder.stat().st_mtime, folder.name))


def adapted_task(folder: Path) -> str | None:
    """Whose texts one was trained on; None where that cannot be read."""
    try:
        return Adaptation.load(folder).task
    except (IntegrityError, KeyError, TypeError):
        return None


def adapted_from(folder: Path) -> frozenset[str]:
    """The digests of the data sets whose texts one was trained on; none where that is not known."""
    try:
        settings = Adaptation.load(folder).settings
    except (IntegrityError, KeyError, TypeError):
        return frozenset()
    return frozenset(str(settings[name]) for name in ("snapshot", "pool") if settings.get(name))


def named_encoders(context: Context, models: Iterable[Path]) -> dict[str, str]:
    """The digests of adapted encoders that something names, each with what does.

    Args:
        context: its settings name some.
        models: folders of the models that stay.
    """
    there = {path.name for path in adapted_encoders(context)}
    found: dict[str, str] = {}
    for folder in models if there else ():
        # What a model reads from outside its folder, a member of a blend too, stands there.
        text = "".join(file.read_text("utf-8", "replace") for file in folder.rglob(SETTINGS))
        told = f"model {folder.name[:12]} reads it"
        found |= dict.fromkeys((digest for digest in there if digest in text), told)
    for name, task in context.settings.tasks.items():
        text = json.dumps(task.train.model_dump(mode="json"))
        found |= dict.fromkeys((d for d in there if d in text), f"task {name} names it")
    return found


def bring_encoders(context: Context, train: TrainSettings) -> None:
    """Download what the settings name of adapted encoders that another host has made and shared.

    Raises:
        StoreError: when the shared place cannot be reached.
        IntegrityError: when what lies there is damaged.
    """
    for digest in set(_NAMED.findall(json.dumps(train.model_dump(mode="json")))):
        context.at_hand(context.folder / ENCODERS / digest)
