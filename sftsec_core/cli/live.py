"""The event stream for people: a line that moves on a terminal, plain lines in a log."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from sftsec_core.api.domain import (
    DriftFound,
    Event,
    GateDecided,
    LiveQualityFell,
    Message,
    ModelPromoted,
    RecipeFitted,
    RunStarted,
    StageFinished,
    StageProgressed,
    StageStarted,
    VoteCast,
)
from sftsec_core.cli.events import event_writer
from sftsec_core.cli.terminal import echo

if TYPE_CHECKING:
    from rich.progress import Progress

    from sftsec_core.cli.options import App
    from sftsec_core.operations.context import Context

LOG_EVERY_S = 15.0


@contextmanager
def live_context(app: App, *, quiet: bool = False, events: str | None = None) -> Iterator[Context]:
    """Open the context with the display, and with a writer of events where one is asked for."""
    with EventDisplay(quiet=app.quiet or quiet) as display, event_writer(events) as writer:
        sinks = (display,) if writer is None else (display, writer)
        with app.context(sinks=sinks) as context:
            yield context


class EventDisplay:
    """Shows events on standard error; a context manager and a sink of the context."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._bar = _progress_bar() if sys.stderr.isatty() and not quiet else None
        self._task = self._bar.add_task("", total=None) if self._bar else None
        self._started = self._logged = time.monotonic()

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

    def __call__(self, event: Event) -> None:
        """Show an event; kinds that are of no use to a person are passed over."""
        if isinstance(event, StageProgressed):
            self._progress(event)
            return
        if isinstance(event, StageStarted):
            self._logged = time.monotonic()
            if self._bar and self._task is not None:
                self._bar.reset(self._task, description=event.stage, total=None)
        line = line_of(event)
        if line is not None:
            self._print(line)

    def _progress(self, event: StageProgressed) -> None:
        """Move the bar, or write a line now and then."""
        if self._bar and self._task is not None:
            description = f"{event.stage} ({event.unit})"
            self._bar.update(
                self._task, completed=event.done, total=event.total, description=description
            )
        elif time.monotonic() - self._logged >= LOG_EVERY_S:
            self._logged = time.monotonic()
            total = f" of {event.total:,}" if event.total else ""
            self._print(_indented(f"{event.done:,}{total} {event.unit}"))

    def _print(self, text: str) -> None:
        if self._quiet:
            return
        line = f"{time.monotonic() - self._started:7.1f}s  {text}"
        if self._bar:
            self._bar.console.print(line, soft_wrap=True)
        else:
            echo(line, err=True)


def _progress_bar() -> Progress:
    """Rich is imported where there is a terminal: a command of cron starts without it."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
    from rich.progress import TimeElapsedColumn as Elapsed

    from sftsec_core.cli.safe_console import SafeConsole

    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        Elapsed(),
        console=SafeConsole(stderr=True, highlight=False, markup=False),
        transient=True,
    )


def line_of(event: Event) -> str | None:
    """The line for a person; None for an event that needs none."""
    show = _LINES.get(type(event))
    return show(event) if show else None


def _counts(counts: Mapping[str, int]) -> str | None:
    shown = ", ".join(f"{name} {number:,}" for name, number in counts.items())
    return _indented(shown) if shown else None


def _notes(event: RecipeFitted) -> str | None:
    # What auto tried is a table of the report and of `model show`.
    told = ((name, value) for name, value in event.notes.items() if name != "trials")
    plain = {name: value for name, value in told if not isinstance(value, dict)}
    notes = ", ".join(f"{name}: {value}" for name, value in plain.items())
    if event.reused:
        return _stage("train", f"{event.recipe}, fitted before the interruption")
    return _indented(notes) if notes else None


def _vote(event: VoteCast) -> str | None:
    if event.abstained:
        return None
    mark = "no " if not event.approve else "but" if event.warning else "yes"
    return _indented(f"{mark} {event.voter}: {event.reason}")


def _stage(name: str, detail: str) -> str:
    return f"{name:<10} {detail}".rstrip()


def _indented(text: str) -> str:
    return f"{'':<10} {text}"


def _resumed(event: RunStarted) -> str | None:
    return f"resuming run {event.run}, which was interrupted" if event.resumed else None


_LINES: dict[type[Event], Callable[[Any], str | None]] = {
    RunStarted: _resumed,
    StageStarted: lambda event: _stage(event.stage, event.detail),
    StageFinished: lambda event: _counts(event.counts),
    Message: lambda event: _indented(event.text),
    RecipeFitted: _notes,
    VoteCast: _vote,
    GateDecided: lambda event: _stage(
        "gate", f"{event.recipe} {'approved' if event.approved else 'rejected'}"
    ),
    LiveQualityFell: lambda event: _stage(
        "drift", f"{event.figure} {event.value:.3f}, below {event.expected:.3f} of the report"
    ),
    DriftFound: lambda event: _stage("drift", ", ".join(event.monitors)),
    ModelPromoted: lambda event: _stage("promote", f"{event.digest[:12]} is live"),
}
