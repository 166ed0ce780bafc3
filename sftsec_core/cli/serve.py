"""`sftsec serve`: an HTTP endpoint that scores events, and a page on which analysts judge them."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sftsec_core.cli.options import App, pass_app

if TYPE_CHECKING:
    from sftsec_core.config.serve import ServeSettings
    from sftsec_core.operations.context import Context
    from sftsec_core.server.endpoint import Endpoint

_PEM = click.Path(dir_okay=False, resolve_path=True, path_type=Path)


@click.command("serve", short_help="Score events over HTTP with the live models.")
@click.option("--host", help="Where to listen; default: 127.0.0.1, this machine alone.")
@click.option("--port", type=click.IntRange(0, 65535), help="Default: 8765; 0 takes a free one.")
@click.option("--certificate", type=_PEM, help="PEM file of the certificate, with its chain.")
@click.option("--key", type=_PEM, help="PEM file of its key.")
@click.option("--docs", is_flag=True, help="Describe it at /openapi.json.")
@pass_app
def command(app: App, /, docs: bool, **given: Any) -> None:  # noqa: ANN401 - options by name
    """Score events over HTTP with the live models, and let analysts judge events on a page.

    Callers send a token of `sftsec token add` or of an OIDC issuer (`access.oidc`), or one of those
    under `serve.tokens` in sftsec.yaml, which may score alone. Another address than this
    machine's needs a certificate. A model that is promoted or rolled back is taken over while it
    runs; so are the certificate, its key and the files of tokens, when they change or on SIGHUP:
    what is new and cannot be used is logged, and the old one stays. Files of tokens and keys that
    other users can read are refused. SIGTERM and Ctrl-C finish what is in
    hand: /readyz is 503, new requests are refused, and `serve.drain` bounds it.

    \b
      POST /v1/score   {"task": "phishing", "events": [{"id": "1", "fields": {"message": "..."}}]}
      POST /v1/explain   the same; each result says why, by the task's explainer
      GET  /v1/tasks   what may be asked, and which models answer
      GET  /v1/models, /v1/runs, /v1/runs/RUN   for a token with the role viewer
      POST /v1/verdicts   {"task": "phishing", "verdicts": [{"incident": "7", "label": "..."}]}
      GET  /metrics    counts for Prometheus, for a token with the role viewer
      GET  /healthz    200 while the process lives
      GET  /readyz     200 once the live models are loaded
      GET  /           the status pages: tasks, models, runs; for tokens that may read
      GET  /label      the page for analysts: the role analyst, or those that `serve.analysts` names
      /v1/labels/...   what the page asks; --docs describes it

    \b
    Examples:
      sftsec serve
      sftsec serve --host 0.0.0.0 --certificate server.pem --key server.key
    """
    from sftsec_core.operations.asking import may_label

    endpoint_of = _endpoint()
    _log_requests(quiet=app.quiet)
    with app.context() as context:
        settings = _settings(context, given)
        endpoint = endpoint_of(context, settings, docs=docs)
        page = f", analysts label at {endpoint.url}/label" if may_label(context) else ""
        endpoint.run(ready=lambda: app.say(f"listening on {endpoint.url}{page}; Ctrl-C stops it"))


def _endpoint() -> type[Endpoint]:
    from sftsec_core.api.errors import ConfigError

    try:
        from sftsec_core.server.endpoint import Endpoint
    except ImportError as error:
        raise ConfigError(
            f"`sftsec serve` needs {error.name}: pip install 'sftsec[serve]'"
        ) from error
    return Endpoint


def _settings(context: Context, given: dict[str, Any]) -> ServeSettings:
    """What the configuration says, with what the command line says instead."""
    from sftsec_core.config.load import validate
    from sftsec_core.config.serve import ServeSettings

    named = {name: value for name, value in given.items() if value is not None}
    chosen = {**context.settings.serve.model_dump(), **named}
    return validate(ServeSettings, chosen, file=context.file, path=("serve",))


def _log_requests(*, quiet: bool) -> None:
    """An access log is of use only with times in it, and by default."""
    if quiet:
        return
    logging.getLogger("sftsec_core.server").setLevel(logging.INFO)
    for handler in logging.getLogger().handlers:
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
