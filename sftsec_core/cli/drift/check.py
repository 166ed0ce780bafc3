"""`sftsec drift check`: compare scored events with the live model's training data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sftsec_core.cli.complete import complete_task
from sftsec_core.cli.live import live_context
from sftsec_core.cli.options import App, emit, json_option, pass_app, table

if TYPE_CHECKING:
    from rich.console import Console

    from sftsec_core.operations.check_drift import DriftReport, WindowReport
    from sftsec_core.operations.live_recall import LiveRecall


@click.command("check", short_help="Compare scored events with the training data.")
@click.argument("task", shell_complete=complete_task)
@json_option
@pass_app
def command(app: App, task: str, as_json: bool) -> None:
    """Compare what was scored with the data that the live model was trained on.

    `sftsec score` counts what it scores into windows of `drift.window` events, without their
    texts. Each full window is compared once: its inputs, its texts, the model's scores and its
    decisions. A size of 1 or more that chance does not explain is a drift; it is kept in the audit
    log, and the figures are kept for `sftsec drift show`. With the verdicts that were pulled, it
    tells the live precision too and, where the task has a `recall_sample`, the live recall.

    \b
    Examples:
      sftsec drift check phishing
      sftsec drift check phishing --json
    """
    from sftsec_core.operations.check_drift import check_drift

    with live_context(app, quiet=as_json) as context:
        found = check_drift(context, task)
    emit(found.to_json(), as_json=as_json, show=lambda out: _show(out, found))
    if any(each.drifted for each in found.new):
        app.next(f"sftsec retrain {task}", as_json=as_json)


def _show(out: Console, found: DriftReport) -> None:
    if found.precision is not None:
        live = found.precision
        out.print(
            f"live precision {live.value:.3f} ({live.low:.3f} to {live.high:.3f}): {live.right:,} "
            f"of {live.judged:,} judged detections are right, of {live.detections:,} in all"
        )
    _show_recall(out, found.recall)
    collecting = f"{found.collected:,} of {found.length:,} events of the next window are scored"
    if not found.windows:
        out.print(f"no window is full yet: {collecting}")
        return
    drifted = sum(bool(each.drifted) for each in found.new)
    out.print(f"{len(found.new):,} new windows, {drifted:,} with a drift; {collecting}")
    for each in [one for one in found.new if one.drifted] or found.windows[-1:]:
        _show_window(out, each)


def _show_recall(out: Console, live: LiveRecall) -> None:
    if live.value is None:
        if live.asked:
            out.print(f"live recall not known: {live.problem}")
        return
    out.print(
        f"live recall {live.value:.3f} ({live.low:.3f} to {live.high:.3f}): about "
        f"{live.missed:,.0f} attacks missed, by {live.attacks:,} of {live.judged:,} judged draws, "
        f"of {live.drawn:,} in all"
    )


def _show_window(out: Console, found: WindowReport) -> None:
    rows = [
        (
            each.name,
            each.method,
            f"{each.size:.3f}",
            f"{each.severity:.1f}",
            f"{each.p_value:.1g}",
            "drift" if each.drifted else "-",
        )
        for each in found.monitors
    ]
    window = found.window
    closed = f"{window.closed_at:%Y-%m-%d %H:%M}" if window.closed_at else "-"
    title = f"window to {closed}: {window.events:,} events, {window.sketch['distinct']:,} distinct"
    table(title, ("input", "measure", "value", "size", "p", "found"), rows)(out)
    if found.labels is not None:
        f1, shift = found.labels.macro_f1, found.labels.shift
        out.print(
            f"without verdicts, over {found.estimated_over:,} events: "
            f"macro-F1 about {f1.value:.3f} ({f1.low:.3f} to {f1.high:.3f}), "
            f"labels moved by {shift.value:.3f} ({shift.low:.3f} to {shift.high:.3f})"
        )
