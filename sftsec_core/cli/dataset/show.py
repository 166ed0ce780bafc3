"""`sftsec dataset show`: the snapshots that were built, and one of them in detail."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from sftsec_core.cli.complete import complete_snapshot, complete_task
from sftsec_core.cli.options import App, emit, facts, json_option, pass_app, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sftsec_core.store.snapshots import StoredSnapshot


@click.command("show", short_help="List a task's snapshots, or show one in detail.")
@click.argument("task", shell_complete=complete_task)
@click.argument("snapshot", required=False, shell_complete=complete_snapshot)
@click.option("--verify", is_flag=True, help="Check its content against its digest.")
@json_option
@pass_app
def command(app: App, task: str, snapshot: str | None, verify: bool, as_json: bool) -> None:
    """List a task's snapshots, or show the one whose digest begins with SNAPSHOT.

    \b
    Examples:
      sftsec dataset show phishing
      sftsec dataset show phishing 3f9a2c51 --verify --json
    """
    from sftsec_core.operations.show_dataset import list_snapshots, show_dataset

    with app.context() as context:
        if snapshot is None:
            _list(list_snapshots(context, task), task, as_json=as_json)
            return
        found = show_dataset(context, task, snapshot, verify=verify)
    chosen = {"digest": found.digest, "folder": str(found.folder), **found.manifest}
    emit(chosen, as_json=as_json, show=facts(_flat(chosen)))


def _list(found: Sequence[StoredSnapshot], task: str, *, as_json: bool) -> None:
    rows = [(s.digest[:12], _kind(s), s.rows, s.created_at, s.run_id) for s in found]
    show = table(f"snapshots of {task}", ("snapshot", "incidents", "rows", "created", "run"), rows)
    emit([asdict(each) for each in found], as_json=as_json, show=show)


def _kind(found: StoredSnapshot) -> str:
    return "unlabelled" if found.unlabelled else "labelled"


def _flat(chosen: dict[str, Any]) -> dict[str, object]:
    flat: dict[str, object] = {name: chosen[name] for name in ("digest", "folder", "span")}
    flat |= {name.replace("_", " "): n for name, n in chosen["counts"].items()}
    for step, counts in chosen["step_counts"].items():
        flat |= {f"{step}: {kind}": n for kind, n in counts.items()}
    return flat
