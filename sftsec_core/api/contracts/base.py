"""What all kinds of plugin thing share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict


class EmptyConfig(BaseModel):
    """The configuration of something that has none."""

    model_config = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True)
class TaskPreset:
    """A ready-made task: `sftsec init --task NAME` writes it; `body` is what `tasks.NAME` holds."""

    name: str
    summary: str
    body: Mapping[str, Any]
