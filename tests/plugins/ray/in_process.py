"""A worker without a cluster: the actor's own class, called in this process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sftsec_ray.remote_training import RemoteTraining


class InProcess:
    """Calls a real `RemoteTraining`, as `NodeWorker` does through Ray."""

    def __init__(self, parent: Path) -> None:
        self.remote = RemoteTraining(str(parent))

    @property
    def folder(self) -> Path:
        return Path(self.remote._folder)

    def call(self, method: str, *args: Any, within_s: float | None = None) -> Any:
        return getattr(self.remote, method)(*args)
