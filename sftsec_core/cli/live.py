"""A listener for people: a line that moves on a terminal, plain lines in a log."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.progress import TimeElapsedColumn as Elapsed

LOG_EVERY_S = 15.0


class LiveListener:
    """Shows stages on standard error; a context manager."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._console = Console(stderr=True, highlight=False, markup=False)
        self._bar: Progress | None = None
        if self._console.is_terminal and not quiet:
            self._bar = Progress(
                SpinnerColumn(),
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                MofNCompleteColumn(),
                Elapsed(),
                console=self._console,
                transient=True,
            )
        self._task = self._bar.add_task("", total=None) if self._bar else None
        self._started = self._logged = time.monotonic()
        self._stage = ""

    def __enter__(self) -> Self:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar:
            self._bar.stop()

    def stage(self, name: str, detail: str = "") -> None:
        """Begin a stage."""
        self._stage = name
        self._logged = time.monotonic()
        self.note(f"{name:<10} {detail}".rstrip())
        if self._bar and self._task is not None:
            self._bar.reset(self._task, description=name, total=None)

    def advance(self, done: int, total: int | None = None, unit: str = "incidents") -> None:
        """Move the bar, or write a line now and then."""
        if self._bar and self._task is not None:
            self._bar.update(
                self._task, completed=done, total=total, description=f"{self._stage} ({unit})"
            )
        elif time.monotonic() - self._logged >= LOG_EVERY_S:
            self._logged = time.monotonic()
            self.note(f"{'':<10} {done:,}{f' of {total:,}' if total else ''} {unit}")

    def note(self, text: str) -> None:
        """Write a line."""
        if self._quiet:
            return
        seconds = time.monotonic() - self._started
        line = f"{seconds:7.1f}s  {text}"
        if self._bar:
            self._bar.console.print(line, soft_wrap=True)
        else:
            print(line, file=sys.stderr, flush=True)
