"""What the registry stands on: the rows of its models, and the place that hosts share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from sftsec_core.api.domain import ModelRef, Registration


class ModelTable(Protocol):
    """The rows behind the registry; `sftsec_core.store.models` implements it."""

    def add(self, ref: ModelRef, card: str | None = None) -> None:
        """Record that a run made a model, with the digest of the run's card."""
        ...

    def registrations(self, digest: str) -> Sequence[Registration]:
        """The runs that made a model, oldest first."""
        ...

    def get(self, digest: str) -> ModelRef | None:
        """Find a model by its whole digest."""
        ...

    def list(self, task: str | None) -> list[ModelRef]:
        """All models of a task, or of every task."""
        ...

    def aliases(self, task: str) -> dict[str, str]:
        """Alias to digest."""
        ...

    def set_alias(
        self, task: str, alias: str, digest: str, *, expected: str | None, by: str, reason: str
    ) -> None:
        """Move an alias and write its history, in one transaction.

        Raises:
            StoreError: when the alias does not point at `expected` now.
        """
        ...

    def alias_history(self, task: str, alias: str) -> Sequence[tuple[str, datetime, str, str]]:
        """(digest, at, by, reason) of every move, newest first."""
        ...


class SharedFolders(Protocol):
    """A place that hosts share; `sftsec_core.store.artifacts` implements it."""

    def push(self, kind: str, folder: Path) -> int:
        """Upload a folder, or what is new in it."""
        ...

    def fetch(self, kind: str, folder: Path) -> bool:
        """Download a folder, or what is missing of it; False where the place has none."""
        ...
