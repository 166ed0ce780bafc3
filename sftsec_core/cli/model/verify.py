"""`sftsec model verify`: check that the files are those that were registered."""

from __future__ import annotations

from pathlib import Path

import click

from sftsec_core.cli.complete import complete_model
from sftsec_core.cli.options import App, emit, json_option, pass_app, table


@click.command("verify", short_help="Verify models' files against their digests.")
@click.argument("models", nargs=-1, shell_complete=complete_model)
@click.option(
    "--public-key",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Verify signatures with this PEM file; default: that of registry.require_signature.",
)
@json_option
@pass_app
def command(app: App, models: tuple[str, ...], public_key: Path | None, as_json: bool) -> None:
    """Verify every file of models against its digest, of all by default; exit 9 on a mismatch.

    With a public key, verify also that each model is signed with its private key.

    \b
    Examples:
      sftsec model verify
      sftsec model verify phishing@live --public-key sign.pub.pem --json
    """
    from sftsec_core.api.errors import IntegrityError
    from sftsec_core.operations.verify_models import verify_models

    with app.context() as context:
        found = verify_models(context, models, public_key)
    rows = [(m.ref.digest[:12], m.ref.task, m.signature or "-", m.error or "ok") for m in found]
    data = [
        {"digest": m.ref.digest, "task": m.ref.task, "signature": m.signature, "error": m.error}
        for m in found
    ]
    columns = ("model", "task", "signature", "state")
    emit(data, as_json=as_json, show=table("models", columns, rows))
    broken = [each.ref.digest[:12] for each in found if each.error]
    if broken:
        raise IntegrityError(f"not as registered: {', '.join(broken)}; see the lines above")
