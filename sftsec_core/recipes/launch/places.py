"""Where the parts of a training lie in its run's folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

FITTED = "fitted"
EXAMPLES = "examples"
WORK = "work"


def fitted_folder(folder: Path, recipe: str) -> Path:
    """Where a run keeps a recipe's model and what is known of its fitting."""
    return folder / FITTED / recipe
