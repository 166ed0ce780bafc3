"""`sftsec model verify`: check that the files are those that were registered."""

from __future__ import annotations

import click

from sftsec_core.cli.complete import complete_model
from sftsec_core.cli.options import App, emit, json_option, pass_app, table


@click.command("verify", short_help="Verify models' files against their digests.")
@click.argument("models", nargs=-1, shell_complete=complete_model)
@json_option
@pass_app
def command(app: App, models: tuple[str, ...], as_json: bool) -> None:
    """Verify every file of models against its digest, of all by default; exit 9 on a mismatch.

    \b
    Examples:
      sftsec model verify
      sftsec model verify phishing@live --json
    """
    from sftsec_core.api.errors import IntegrityError
    from sftsec_core.operations.verify_models import verify_models

    with app.context() as context:
        found = verify_models(context, models)
    rows = [(each.ref.digest[:12], each.ref.task, each.error or "ok") for each in found]
    data = [
        {"digest": each.ref.digest, "task": each.ref.task, "error": each.error} for each in found
    ]
    emit(data, as_json=as_json, show=table("models", ("model", "task", "state"), rows))
    broken = [each.ref.digest[:12] for each in found if each.error]
    if broken:
        raise IntegrityError(f"not as registered: {', '.join(broken)}; see the lines above")
