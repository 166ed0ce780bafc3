"""`sftsec status`: where each task stands, on one screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sftsec_core.cli.options import App, emit, facts, json_option, pass_app

if TYPE_CHECKING:
    from rich.console import Console

    from sftsec_core.operations.list_schedules import PlannedSchedule
    from sftsec_core.operations.show_status import TaskStatus


@click.command("status", short_help="Show where each task stands.")
@json_option
@pass_app
def command(app: App, as_json: bool) -> None:
    """Show where each task stands: live model, last run, last refusal, verdicts, outbox, next runs.

    "labels requested" counts the incidents that analysts were asked about, by `labels request` or
    as a score's review, and for which no verdict was pulled yet.

    \b
    Examples:
      sftsec status
      sftsec status --json
    """
    from sftsec_core.operations.show_status import show_status

    with app.context() as context:
        found = show_status(context)
    emit([each.to_json() for each in found], as_json=as_json, show=lambda out: _show(out, found))
    if step := next(filter(None, (each.next_step() for each in found)), None):
        app.next(step, as_json=as_json)


def _show(out: Console, found: list[TaskStatus]) -> None:
    if not found:
        out.print("tasks: none")
    for number, each in enumerate(found):
        if number:
            out.print()
        facts(_lines(each))(out)


def _lines(each: TaskStatus) -> dict[str, object]:
    live, last = each.live, each.last
    figures = live.figures if live else {}
    shown = ", ".join(f"{k} {v:.3f}" for k, v in figures.items() if v is not None)
    waiting = ", ".join(f"{count:,} {state}" for state, count in each.outbox.items())
    lines: dict[str, object] = {
        "task": each.task,
        "live": f"{live.digest[:12]} ({live.recipe}), {live.age_days:.1f} days old"
        if live
        else None,
        "figures": shown or None,
        "last run": f"{last.info.id} {last.info.kind}: {last.status} {last.end}".rstrip()
        if last
        else None,
        "new verdicts": f"{each.new_verdicts:,}",
        "labels requested": f"{each.requested:,} without a verdict",
        "outbox": waiting or None,
    }
    if live and live.outdated:
        lines["to replace"] = f"the live model {live.outdated}"
    if each.approvals:
        lines["waits"] = "; ".join(
            f"{state.digest[:12]} ({state.kind}): {state.line()}" for state in each.approvals
        )
    if each.watched:
        lines["watched"] = ", ".join(f"{k} {v.value:.3f}" for k, v in each.watched.items())
    if each.schedules:
        lines["next runs"] = "; ".join(map(_next_run, each.schedules))
    if each.stranded:
        lines["stranded"] = ", ".join(
            f"{count:,} pending for {name}, where the task delivers no more"
            for name, count in each.stranded.items()
        )
    return {**lines, "refused": each.refusal} if each.refusal else lines


def _next_run(planned: PlannedSchedule) -> str:
    """One schedule: when it runs next, or why nobody can say."""
    at = f"{planned.starts_at:%Y-%m-%d %H:%M} UTC" if planned.starts_at else planned.reason
    schedule = planned.schedule
    paused = ", paused" if schedule.state.paused else ""
    return f"{schedule.name} ({schedule.settings.run}{paused}): {at}"
