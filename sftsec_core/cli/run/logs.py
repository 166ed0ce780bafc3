"""`sftsec run logs`: what happened in a run that a worker carried out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sftsec_core.cli.complete import complete_run
from sftsec_core.cli.options import App, json_option, pass_app

if TYPE_CHECKING:
    from collections.abc import Mapping

_OWN = frozenset({"event", "at", "run", "task"})


@click.command("logs", short_help="Print the log of a run that a worker carried out.")
@click.argument("run", shell_complete=complete_run)
@click.option("-f", "--follow", is_flag=True, help="Wait for more until the run has ended.")
@json_option
@pass_app
def command(app: App, run: str, follow: bool, as_json: bool) -> None:
    """Print the events and errors of a run that a worker carried out.

    RUN is a run's id or the beginning of one. With --json each line is one JSON document.

    \b
    Examples:
      sftsec run logs 20260131T120000-1a2b3c4d
      sftsec run logs 20260131T12 -f
    """
    from sftsec_core.cli.terminal import echo, safe_json
    from sftsec_core.operations.run_logs import run_logs

    with app.context() as context:
        for line in run_logs(context, run, follow=follow):
            echo(safe_json(line) if as_json else _shown(line))


def _shown(line: Mapping[str, Any]) -> str:
    """One line for a person: time, event, and what it says."""
    if "event" not in line:
        error = f"{line['error']}: " if "error" in line else ""
        return error + str(line.get("text", ""))
    said = (f"{name}={value}" for name, value in line.items() if name not in _OWN and value)
    return " ".join((str(line.get("at", ""))[:19], str(line["event"]), *said))
