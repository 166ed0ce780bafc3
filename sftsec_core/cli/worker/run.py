"""`sftsec worker run`: carry out the runs of the queue."""

from __future__ import annotations

from datetime import timedelta

import click

from sftsec_core.cli.options import App, duration, emit, facts, json_option, pass_app


@click.command("run", short_help="Carry out queued runs until told to stop.")
@click.option("--slots", type=click.IntRange(1, 256), help="Runs at once; default: worker.slots.")
@click.option("--once", is_flag=True, help="Carry out what may begin now, and end.")
@click.option(
    "--drain-after", type=duration, metavar="SPAN", help="Take nothing new after so long (6h)."
)
@json_option
@pass_app
def command(
    app: App, slots: int | None, once: bool, drain_after: timedelta | None, as_json: bool
) -> None:
    """Carry out queued runs, each in a process of its own, until told to stop.

    It also queues what the schedules have due: `sftsec schedule due` shows that.

    Any number of workers may run, on several hosts where the store is a PostgreSQL. The first
    SIGTERM or Ctrl-C has the runs write a checkpoint and keeps their place in the queue; the
    second ends them at once. A worker that is killed is replaced by any other: after
    `state.lease` (15 s) and one look at the queue (1 s) its runs resume there.

    \b
    Examples:
      sftsec worker run
      sftsec worker run --slots 2 --drain-after 6h
      sftsec worker run --once --json
    """
    from sftsec_core.cli.live import live_context
    from sftsec_core.runner.scheduler import Scheduler
    from sftsec_core.runner.worker import Worker

    with live_context(app, quiet=as_json) as context:
        worker = Worker(
            context,
            slots=slots,
            prefer=context.store.gpu_leases.fair_order,
            each_turn=[Scheduler(context).tick],
        )
        begun = worker.run(once=once, drain_after=drain_after)
    shown = {"worker": worker.name, "runs": begun}
    emit(shown, as_json=as_json, show=facts(shown))
