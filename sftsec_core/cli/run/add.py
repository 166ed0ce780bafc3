"""`sftsec run add`: queue a run for a worker."""

from __future__ import annotations

import json
from datetime import timedelta

import click

from sftsec_core.cli.complete import complete_task
from sftsec_core.cli.options import (
    RUN_KINDS,
    App,
    duration,
    emit,
    facts,
    json_option,
    pass_app,
)


def _parameter(text: str) -> tuple[str, object]:
    """Read NAME=VALUE; the value is JSON, or else the text itself.

    Raises:
        BadParameter: when there is no sign of equality.
    """
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise click.BadParameter(f"{text!r}: write NAME=VALUE, such as force=true")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


@click.command("add", short_help="Queue a run for a worker.")
@click.argument("kind", type=click.Choice(RUN_KINDS))
@click.argument("task", required=False, shell_complete=complete_task)
@click.option(
    "-p",
    "--parameter",
    "given",
    multiple=True,
    type=_parameter,
    metavar="NAME=VALUE",
    help="A parameter of the kind; may be repeated.",
)
@click.option("--priority", default=0, show_default=True, help="Higher first.")
@click.option(
    "--retries",
    default=0,
    show_default=True,
    type=click.IntRange(0, 100),
    help="Begin again so often after what may pass, such as a lost connection.",
)
@click.option("--timeout", type=duration, metavar="SPAN", help="End an attempt after so long (2h).")
@click.option("--after", type=duration, metavar="SPAN", help="Wait so long first (30m).")
@click.option("--overlap", is_flag=True, help="Begin also while another kind runs on the task.")
@json_option
@pass_app
def command(  # noqa: PLR0913, PLR0917 - click gives each option by its name
    app: App,
    kind: str,
    task: str | None,
    given: tuple[tuple[str, object], ...],
    priority: int,
    retries: int,
    timeout: timedelta | None,
    after: timedelta | None,
    overlap: bool,
    as_json: bool,
) -> None:
    """Queue a run, for `sftsec worker run` to carry out on your behalf.

    TASK is left out for kinds that concern no single task: audit-push and gc. A parameter that is
    wrong is refused with those that there are.

    \b
    Examples:
      sftsec run add retrain phishing --retries 3
      sftsec run add retrain phishing -p promote=false --priority 10
      sftsec run add audit-push -p connector=elastic --after 1h --json
    """
    from sftsec_core.operations.queue_runs import RunOptions, add_run
    from sftsec_core.store.columns import utc_now

    options = RunOptions(
        parameters=dict(given),
        priority=priority,
        retries=retries,
        timeout=timeout,
        not_before=None if after is None else utc_now() + after,
        overlap=overlap,
    )
    with app.context() as context:
        queued = add_run(context, kind, task, options)
    shown = {"run": queued.id, "kind": queued.kind, "task": queued.task, "status": queued.status}
    emit(shown, as_json=as_json, show=facts(shown))
    app.next(f"sftsec worker run --once; sftsec run logs {queued.id}", as_json=as_json)
