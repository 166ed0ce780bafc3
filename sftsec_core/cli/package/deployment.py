"""`sftsec package deployment`: what runs sftsec as a service."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from sftsec_core.cli.options import App, emit, facts, json_option, pass_app


@click.command("deployment", short_help="Write units for systemd and Kubernetes manifests.")
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="Folder for the archive; default: this one.",
)
@json_option
@pass_app
def command(app: App, output: Path, as_json: bool) -> None:
    """Write sftsec-deployment-VERSION.tgz: units for systemd, manifests for Kubernetes.

    Each folder in it has a README that says what to change and how to install it. The bytes are the
    same always; nothing is installed and nothing is sent anywhere.

    \b
    Examples:
      sftsec package deployment
      sftsec package deployment --output dist && tar -xzf dist/sftsec-deployment-*.tgz
    """
    from sftsec_core.api.errors import ConfigError
    from sftsec_core.packages.deployment import write_deployment

    try:
        written = write_deployment(output)
    except OSError as error:
        raise ConfigError(
            f"{output}: cannot write the archive there: {error.strerror}; name another folder "
            "with --output"
        ) from error
    emit(asdict(written), as_json=as_json, show=facts(asdict(written)))
    app.say("unpack it, and begin with the README of the folder that you need")
