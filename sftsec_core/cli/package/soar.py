"""`sftsec package soar`: the app for Splunk SOAR."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from sftsec_core.cli.options import App, emit, facts, json_option, pass_app


@click.command("soar", short_help="Build the app for Splunk SOAR.")
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="Folder for the archive; default: this one.",
)
@json_option
@pass_app
def command(app: App, output: Path, as_json: bool) -> None:
    """Write sftsec-soar-VERSION.tgz, the project of an app for Splunk SOAR; the same bytes always.

    It has the actions "score event", "submit verdict" and "get report". Splunk's SDK builds the
    package that SOAR installs from it, and adds the required libraries. Nothing is sent anywhere.

    \b
    Examples:
      sftsec package soar --output dist
      tar -xzf dist/sftsec-soar-*.tgz && cd sftsec_soar && uv lock
      uvx --python 3.13 --from splunk-soar-sdk==7.0.3 soarapps package build
    """
    from sftsec_core.api.errors import ConfigError
    from sftsec_core.packages.soar import build_soar_app, write_soar_app

    built = build_soar_app()
    try:
        written = write_soar_app(output, built)
    except OSError as error:
        raise ConfigError(
            f"{output}: cannot write the app there: {error.strerror}; name another folder "
            "with --output"
        ) from error
    emit(asdict(written), as_json=as_json, show=facts(asdict(written)))
    app.say(
        "unpack it, and build the package that SOAR installs: uv lock, then soarapps package build"
    )
