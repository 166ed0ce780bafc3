"""How long work tells how it goes, whoever listens: a terminal, a log, nobody."""

from __future__ import annotations

from typing import Protocol


class Listener(Protocol):
    """Someone who wants to know how a run goes."""

    def stage(self, name: str, detail: str = "") -> None:
        """A stage of the pipeline begins."""
        ...

    def advance(self, done: int, total: int | None = None, unit: str = "incidents") -> None:
        """The stage has done so much; total is None while it is not known."""
        ...

    def note(self, text: str) -> None:
        """Something worth a line happened."""
        ...


class Silent:
    """A listener that says nothing."""

    def stage(self, name: str, detail: str = "") -> None:
        """Say nothing."""

    def advance(self, done: int, total: int | None = None, unit: str = "incidents") -> None:
        """Say nothing."""

    def note(self, text: str) -> None:
        """Say nothing."""
