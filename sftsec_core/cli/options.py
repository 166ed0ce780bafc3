"""What commands share: the application object, `--json`, and how things are shown."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

if TYPE_CHECKING:
    from rich.console import Console

    from sftsec_core.operations.context import Context, Sink
    from sftsec_core.plugins import Plugins

F = TypeVar("F", bound=Callable[..., Any])
CONFIG_VARIABLE = "SFTSEC_CONFIG"
# The kinds of `operations/run_kinds.py`, for --help and completion without all that they import.
RUN_KINDS = ("retrain", "adapt", "score", "dataset", "request-labels", "drift", "audit-push", "gc")


@dataclass(slots=True)
class App:
    """What the root command learned from its own options."""

    config: Path | None = None
    debug: bool = False
    quiet: bool = False

    def config_file(self) -> Path:
        """The configuration file: the one named, or the nearest one.

        Raises:
            ConfigError: when there is none.
        """
        from sftsec_core.config.load import find_config

        return self.config or find_config(Path.cwd())

    @contextmanager
    def context(self, *, sinks: Sequence[Sink] = ()) -> Iterator[Context]:
        """Open the configuration, its plugins and its store; close them at the end.

        The actor is the owner of the token in SFTSEC_TOKEN, or this machine's user. What it is not
        permitted goes to the audit log.

        Args:
            sinks: called with each event.
        """
        from sftsec_core.api.errors import AuthorizationError
        from sftsec_core.operations.context import Context
        from sftsec_core.operations.identify import NOBODY, identify
        from sftsec_core.operations.refusals import note_refusal

        with Context.open(self.config_file(), actor=NOBODY, sinks=sinks) as context:
            try:
                context.actor = identify(context)
                yield context
            except AuthorizationError as error:
                note_refusal(context, error)
                raise

    def enabled_plugins(self) -> Sequence[str]:
        """The names of the configuration's plugins, or of the built-in ones where there is none.

        Raises:
            ConfigError: when a configuration that was named is missing or wrong.
        """
        from sftsec_core.api.errors import ConfigError
        from sftsec_core.config.load import load_settings
        from sftsec_core.config.settings import Settings

        try:
            return load_settings(self.config_file()).plugins
        except ConfigError:
            if self.config is not None:
                raise
            return Settings().plugins

    def plugins(self) -> Plugins:
        """The plugins of the configuration, loaded.

        Raises:
            ConfigError: when a configuration that was named is missing or wrong.
        """
        from sftsec_core.plugins import Plugins

        return Plugins(self.enabled_plugins())

    def say(self, line: str) -> None:
        """Tell a person how it goes, on standard error; silent with --quiet."""
        if not self.quiet:
            from sftsec_core.cli.terminal import echo

            echo(line, err=True)

    def next(self, step: str, *, as_json: bool = False) -> None:
        """Name the usual next command, on standard error; not beside JSON."""
        if not as_json:
            self.say(f"next: {step}")


def duration(text: str) -> timedelta:
    """Read a time span such as 90s, 10m or 30d, as an option's `type`.

    Raises:
        BadParameter: when it is none.
    """
    from sftsec_core.api.settings.values import parse_duration

    try:
        found = parse_duration(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error
    if not isinstance(found, timedelta):
        raise click.BadParameter(f"{text!r} is not a duration (10m)")
    return found


pass_app = click.make_pass_decorator(App)


def json_option(command: F) -> F:
    """Add `--json`: one JSON document on standard output, nothing else there."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")(command)


def emit(data: object, *, as_json: bool, show: Callable[[Console], None]) -> None:
    """Print data as JSON, or let `show` print it for a person."""
    from sftsec_core.cli.terminal import echo, safe_json

    if as_json:
        echo(safe_json(data, indent=2, default=_plain))
        return
    show(cast("Console", LateConsole()))


class LateConsole:
    """Makes the console when something is printed: rich is a tenth of a short command's start."""

    def print(self, *objects: object, **options: Any) -> None:  # noqa: ANN401 - those of rich
        """Print as the console does."""
        console().print(*objects, **options)


def console(*, stderr: bool = False) -> Console:
    """A rich console that follows the terminal, or plain text where there is none."""
    from sftsec_core.cli.safe_console import SafeConsole

    width = None if sys.stdout.isatty() else 160
    return SafeConsole(stderr=stderr, highlight=False, width=width, markup=False)


def table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]
) -> Callable[[Console], None]:
    """Show rows as a table, or say that there are none."""

    def show(out: Console) -> None:
        from rich.table import Table
        from rich.text import Text

        if not rows:
            out.print(f"{title}: none")
            return
        grid = Table(title=title, title_justify="left")
        for column in columns:
            grid.add_column(column, overflow="fold")
        for row in rows:
            grid.add_row(*(Text(_cell(value)) for value in row))
        out.print(grid)

    return show


def facts(pairs: Mapping[str, object]) -> Callable[[Console], None]:
    """Show names and values, one a line."""

    def show(_out: Console) -> None:
        from sftsec_core.cli.terminal import echo

        width = max(map(len, pairs), default=0)
        for name, value in pairs.items():
            echo(f"{name:<{width}}  {_cell(value)}")

    return show


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.4f}"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S} {value.tzname() or 'UTC'}"
    from sftsec_core.cli.terminal import safe

    return safe(str(value))  # here too, so that rich measures what is shown


def _plain(value: object) -> object:
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")
