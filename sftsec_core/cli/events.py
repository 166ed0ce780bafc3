"""`--events FILE|-`: the event stream as JSON lines."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

import click

from sftsec_core.cli.terminal import safe_json

if TYPE_CHECKING:
    from sftsec_core.api.domain import Event

F = TypeVar("F", bound=Callable[..., Any])
STDOUT = "-"


def events_option(command: F) -> F:
    """Add `--events FILE|-`."""
    return click.option(
        "--events",
        metavar="FILE|-",
        help="Write the events as JSON lines to a file; - for standard output, without results.",
    )(command)


def check_events(events: str | None, *, as_json: bool) -> None:
    """Refuse two JSON streams on standard output.

    Raises:
        UsageError: when both `--events -` and `--json` are given.
    """
    if events == STDOUT and as_json:
        raise click.UsageError("--events - and --json both write to standard output; choose one")


class EventWriter:
    """Writes each event as one line and flushes it: another program follows the file."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def __call__(self, event: Event) -> None:
        """Write an event."""
        line = safe_json(event.to_json())
        self._out.write(line + "\n")
        self._out.flush()


@contextmanager
def event_writer(target: str | None) -> Iterator[EventWriter | None]:
    """Open the writer for `--events`; None where it was not given.

    Raises:
        ConfigError: when the file cannot be written.
    """
    if target is None:
        yield None
    elif target == STDOUT:
        yield EventWriter(sys.stdout)
    else:
        try:
            out = Path(target).open("w", encoding="utf-8")  # noqa: SIM115 - closed below
        except OSError as error:
            from sftsec_core.api.errors import ConfigError

            raise ConfigError(f"--events {target}: {error.strerror}") from error
        with out:
            yield EventWriter(out)
