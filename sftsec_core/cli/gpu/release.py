"""`sftsec gpu release`: take a GPU away from a run."""

from __future__ import annotations

import click

from sftsec_core.cli.complete import complete_gpu_lease
from sftsec_core.cli.options import App, emit, facts, json_option, pass_app


@click.command("release", short_help="Take a GPU away from the run that leases it.")
@click.argument("lease", shell_complete=complete_gpu_lease)
@click.option("--reason", required=True, help="Kept in the audit log; the run says it too.")
@json_option
@pass_app
def command(app: App, lease: str, reason: str, as_json: bool) -> None:
    """End a lease: its run is interrupted within seconds, and can be resumed elsewhere.

    LEASE is a lease's id or the beginning of one. No run leases these devices again before
    `gpu.rest` of sftsec.yaml has passed.

    \b
    Examples:
      sftsec gpu release 3f9c --reason "needed for inference tonight"
    """
    from sftsec_core.operations.release_gpu import release_gpu

    with app.context() as context:
        done = release_gpu(context, lease, reason=reason)
    data = {
        "lease": done.id,
        "run": done.run_id,
        "task": done.task,
        "devices": dict(done.devices),
        "reason": done.reason,
    }
    shown = {**data, "devices": ", ".join(done.devices)}
    emit(data, as_json=as_json, show=facts(shown))
