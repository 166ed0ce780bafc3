"""`sftsec model sign`: vouch for a model with a private key."""

from __future__ import annotations

import click

from sftsec_core.cli.complete import complete_model
from sftsec_core.cli.model.show import describe
from sftsec_core.cli.options import App, emit, facts, json_option, pass_app


@click.command("sign", short_help="Sign a model's files with a private key.")
@click.argument("model", shell_complete=complete_model)
@click.option(
    "--key",
    metavar="REFERENCE",
    help="env:NAME, file:PATH, credential:NAME or keyring:SERVICE/USER; PEM.",
)
@json_option
@pass_app
def command(app: App, model: str, key: str | None, as_json: bool) -> None:
    """Sign all files of a model, its cards too, after verifying them (OpenSSF Model Signing).

    The key is on the curve P-256, P-384 or P-521; default: registry.sign_key.

    \b
    Examples:
      sftsec model sign phishing@candidate --key file:/media/key/sign.pem
      sftsec model sign 3f9a2c51 --key env:SFTSEC_SIGN_KEY
    """
    from sftsec_core.api.errors import ConfigError
    from sftsec_core.api.settings.secrets import SecretRef
    from sftsec_core.operations.sign_model import sign_model

    try:
        reference = None if key is None else SecretRef(key)
    except ValueError as error:
        raise ConfigError(f"--key: {error}") from error
    with app.context() as context:
        ref = sign_model(context, model, key=reference)
    shown = facts({"signed": ref.digest, "task": ref.task, "signature": ref.folder / "model.sig"})
    emit(describe(ref), as_json=as_json, show=shown)
