"""`sftsec gpu list`: this machine's GPUs, and who uses them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sftsec_core.cli.options import App, emit, json_option, pass_app, table

if TYPE_CHECKING:
    from sftsec_core.operations.list_gpus import ListedGpu

_COLUMNS = ("gpu", "name", "free", "of", "load", "processes", "leased by", "uuid")


@click.command("list", short_help="List this machine's GPUs and who uses them.")
@json_option
@pass_app
def command(app: App, as_json: bool) -> None:
    """List this machine's GPUs and MIG slices: memory, load, processes, and the run that leases it.

    Where no run may lease a device, "leased by" says why. Memory is in GiB.

    \b
    Examples:
      sftsec gpu list
      sftsec gpu list --json
    """
    from sftsec_core.operations.list_gpus import list_gpus

    with app.context() as context:
        found = list_gpus(context)
    show = table("GPUs", _COLUMNS, [_row(each) for each in found.gpus])
    emit(found.to_json(), as_json=as_json, show=show)
    for line in (found.unavailable, *found.failed):
        if line and not as_json:
            app.say(line)


def _row(gpu: ListedGpu) -> tuple[object, ...]:
    device = gpu.device
    user = gpu.lease.run_id if gpu.lease else f"({gpu.reason})" if gpu.reason else None
    processes = [f"{each.text} {_gib(each.memory)}" for each in device.processes]
    load = None if device.utilisation is None else f"{device.utilisation:.0%}"
    memory = (_gib(device.free), _gib(device.total))
    shown = "\n".join(processes) or None
    return (device.index, device.name, *memory, load, shown, user, device.uuid)


def _gib(count: int | None) -> str:
    return "-" if count is None else f"{count / 2**30:.1f}"
