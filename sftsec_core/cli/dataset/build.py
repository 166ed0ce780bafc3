"""`sftsec dataset build`: what a retraining run would train on, without training."""

from __future__ import annotations

from dataclasses import asdict

import click

from sftsec_core.cli.options import App, emit, facts, json_option, pass_app


@click.command("build")
@click.argument("task")
@json_option
@pass_app
def command(app: App, task: str, as_json: bool) -> None:
    """Pull a task's judged incidents into a snapshot, resolve verdicts, split and check.

    Exit code 6 says why there is nothing to train on yet.

    \b
    Examples:
      sftsec dataset build phishing
      sftsec dataset build phishing --json
    """
    from sftsec_core.cli.live import LiveListener
    from sftsec_core.operations.build_dataset import build_dataset
    from sftsec_core.operations.ingesting import ingest_snapshot
    from sftsec_core.operations.running import running

    with (
        app.context() as context,
        LiveListener(quiet=app.quiet or as_json) as listener,
        running(context, "dataset", task, listener) as run,
    ):
        snapshot = ingest_snapshot(run)
        dataset = build_dataset(run, snapshot)
    counts = dataset.data["counts"]
    shown = {
        "snapshot": snapshot.digest,
        "folder": snapshot.folder,
        **{name.replace("_", " "): number for name, number in counts.items()},
        **{f"{name} ({dataset.split.method})": n for name, n in dataset.data["parts"].items()},
        "for review": dataset.data["review"],
        "leaks": "; ".join(dataset.leaks.examples) or "none",
    }
    data = {**dataset.data, "leaks": asdict(dataset.leaks), "folder": str(snapshot.folder)}
    emit(data, as_json=as_json, show=facts(shown))
