"""Paths in the configuration are relative to the file that names them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, ValidationInfo

BASE = "base"


def resolve_path(path: Path, info: ValidationInfo) -> Path:
    """Make a path absolute against the configuration file's folder, `context["base"]`."""
    base = (info.context or {}).get(BASE)
    path = path.expanduser()
    return path if path.is_absolute() or base is None else Path(base) / path


ConfigPath = Annotated[Path, AfterValidator(resolve_path)]
