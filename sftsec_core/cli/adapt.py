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
@json_option
@pass_app
def command(app: App, task: str, budget: timedelta, as_json: bool) -> None:
    """Train the task's encoder to tell masked words of the texts of its newest data set.

    It reads the redacted texts of the train part, and no label. What it makes is kept beside the
    models and used when the task's `encoder` names it by the path and sha256 that are printed;
    `sftsec retrain` then trains on it, before the same gate. A run that was killed resumes where
    it stopped: run the same command again.

    \b
    Examples:
      sftsec adapt phishing
      sftsec adapt phishing --budget 2h --json
    """
    from sftsec_core.cli.live import live_context
    from sftsec_core.operations.adapt import adapt

    with live_context(app, quiet=as_json) as context:
        found = adapt(context, task, budget)
    emit(found.to_json(), as_json=as_json, show=lambda out: show_result(out, found))


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
