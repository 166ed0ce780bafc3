"""`sftsec adapt TASK`: train the task's encoder on the site's own texts."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import click

from sftsec_core.cli.complete import complete_task
from sftsec_core.cli.options import App, duration, emit, json_option, pass_app

if TYPE_CHECKING:
    from rich.console import Console

    from sftsec_core.operations.adapt import AdaptResult
    from sftsec_core.operations.plan_adapt import AdaptPlan


@click.command("adapt", short_help="Train the encoder on the site's own texts, without labels.")
@click.argument("task", shell_complete=complete_task)
@click.option(
    "--budget",
    type=duration,
    default="10m",
    show_default=True,
    metavar="SPAN",
    help="Time for the training; what judges it takes up to a few minutes more.",
)
@click.option(
    "--dry-run", is_flag=True, help="Only show what would be read, and the time it would take."
)
@json_option
@pass_app
def command(app: App, task: str, budget: timedelta, dry_run: bool, as_json: bool) -> None:
    """Train the task's encoder to tell masked words of the texts of its newest data set.

    It reads the redacted texts of the train part, and no label. What it makes is kept beside the
    models and used when the task's `encoder` names it by the path and sha256 that are printed;
    `sftsec retrain` then trains on it, before the same gate. A run that was killed resumes where
    it stopped: run the same command again.

    \b
    Examples:
      sftsec adapt phishing --dry-run
      sftsec adapt phishing
      sftsec adapt phishing --budget 2h --json
      sftsec run add adapt phishing -p budget=2h
    """
    from sftsec_core.cli.live import live_context
    from sftsec_core.operations.adapt import adapt
    from sftsec_core.operations.plan_adapt import plan_adapt

    if dry_run:
        with live_context(app, quiet=as_json) as context:
            plan = plan_adapt(context, task, budget)
        emit(plan.to_json(), as_json=as_json, show=lambda out: show_plan(out, plan))
        return
    with live_context(app, quiet=as_json) as context:
        found = adapt(context, task, budget)
    emit(found.to_json(), as_json=as_json, show=lambda out: show_result(out, found))


def show_plan(out: Console, plan: AdaptPlan) -> None:
    """Print what would be trained on, and whether the budget holds it."""
    found = plan.forecast
    facts = [
        f"encoder     {found.parent} ({found.parent_sha256[:12]})",
        f"would read  {plan.rows:,} incidents of data set {plan.snapshot[:12]}"
        + (f" and pool {plan.pool[:12]}" if plan.pool else ""),
        f"texts       {found.texts:,} different ones, {found.tokens:,} tokens in "
        f"{found.windows:,} windows ({found.cut_windows:,} more are cut)",
        f"dev         {found.dev_windows:,} windows, never trained on",
        f"training    {found.steps:,} steps, {found.passes:g} passes, about "
        f"{found.seconds:,.0f} s on this machine's {found.device}",
        "dry run     nothing was written; what judges the encoder takes a few minutes more",
    ]
    if not found.steps:
        facts[4] = f"training    none: the budget is too short; --budget {found.least_budget_s}s"
    for fact in facts:
        out.print(fact, soft_wrap=True)


def show_result(out: Console, found: AdaptResult) -> None:
    """Print what was trained, whether it paid, and the line that names it."""
    facts, probe = found.facts, found.probe
    out.print(
        f"trained     on {facts.texts:,} texts, {facts.steps:,} steps; parent {facts.parent} "
        f"({facts.parent_sha256[:12]})",
        soft_wrap=True,
    )
    out.print(
        f"perplexity  of {facts.dev_tokens:,} masked tokens of dev: {facts.perplexity_before:.1f} "
        f"before, {facts.perplexity_after:.1f} after",
        soft_wrap=True,
    )
    out.print(f"probe       {_told(found)}: {probe.verdict}", soft_wrap=True)
    out.print("use it      where the task's recipe has `encoder`:", soft_wrap=True)
    # One line, so that it can be pasted.
    out.print(f"encoder: {{path: {found.path}, sha256: {found.digest}}}", soft_wrap=True)


def _told(found: AdaptResult) -> str:
    probe, gain = found.probe, found.probe.gain
    if probe.before is None or probe.after is None or gain.value is None or gain.low is None:
        return "dev does not tell"
    return (
        f"macro-F1 on {probe.rows:,} rows of dev: {probe.before:.3f} before, {probe.after:.3f} "
        f"after, {gain.value:+.3f} ({gain.low:+.3f} to {gain.high:+.3f})"
    )
