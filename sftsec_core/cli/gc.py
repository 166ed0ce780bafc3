"""`sftsec gc`: remove what nothing needs any more."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import click

from sftsec_core.cli.options import App, duration, emit, json_option, pass_app

if TYPE_CHECKING:
    from rich.console import Console

    from sftsec_core.operations.remove_unused import UnusedResult
    from sftsec_core.operations.unused import Item

_SHORT = 19
_SHOWN = 50


@click.command("gc", short_help="Remove models, runs and snapshots that are unused.")
@click.option("--yes", is_flag=True, help="Remove them; without it they are only listed.")
@click.option(
    "--older-than",
    type=duration,
    default="30d",
    show_default=True,
    metavar="SPAN",
    help="What is younger stays (12h, 30d).",
)
@click.option(
    "--keep",
    type=click.IntRange(0),
    default=5,
    show_default=True,
    metavar="N",
    help="So many models of each task stay, the newest ones.",
)
@json_option
@pass_app
def command(app: App, yes: bool, older_than: timedelta, keep: int, as_json: bool) -> None:
    """List what nothing needs any more, with its size and the reason; with --yes, remove it.

    Models, runs with their folders, snapshots, checkpoints of runs that have ended, what a killed
    process left behind, and of the histories of schedules the times whose runs are gone. These
    always stay: live models and those that a rollback can go back to, the runs that made models
    that stay, runs that are under way or can be resumed, the newest snapshot of each task, and
    models with detections in the outbox or detections that no verdict was given on. Other commands
    may run at the same time.

    \b
    Examples:
      sftsec gc
      sftsec gc --yes
      sftsec gc --older-than 7d --keep 2 --json
    """
    from sftsec_core.operations.remove_unused import remove_unused
    from sftsec_core.operations.unused import UnusedOrder

    with app.context() as context:
        found = remove_unused(context, UnusedOrder(older_than, keep), remove=yes)
    emit(found.to_json(), as_json=as_json, show=lambda out: _show(out, found))
    if found.bytes and not yes:
        app.next("sftsec gc --yes", as_json=as_json)


def _show(out: Console, found: UnusedResult) -> None:
    from sftsec_core.cli.options import table

    columns = ("kind", "name", "task", "size", "reason")
    going = [item for item in found.items if item.goes]
    staying = [item for item in found.items if not item.goes]
    table("stays", columns, _rows(staying))(out)
    table("removed" if found.removed else "unused", columns, _rows(going))(out)
    verb = "removed" if found.removed else "would be removed; --yes removes them"
    out.print(f"{len(going):,} of {len(found.items):,}, {size(found.bytes)}, {verb}")


def _rows(items: list[Item]) -> list[tuple[object, ...]]:
    """A row for each, and one for those of a kind that are too many for a screen."""
    rows: list[tuple[object, ...]] = []
    for kind in dict.fromkeys(item.kind for item in items):
        mine = [item for item in items if item.kind == kind]
        rows += [_row(item) for item in mine[:_SHOWN]]
        if more := mine[_SHOWN:]:
            total = size(sum(item.bytes for item in more))
            rows.append((kind, f"{len(more):,} more", None, total, "--json names all"))
    return rows


def _row(item: Item) -> tuple[object, ...]:
    name = item.name if "/" in item.name or "-" in item.name else item.name[:_SHORT]
    return (item.kind, name, item.task, size(item.bytes), item.reason)


def size(count: int) -> str:
    """Bytes for a person, in powers of 1,000."""
    amount, units = float(count), ["kB", "MB", "GB", "TB"]
    if amount < 1000:
        return f"{count} B"
    while amount >= 999.95 and units:
        amount, unit = amount / 1000, units.pop(0)
    return f"{amount:.1f} {unit}"
