"""`sftsec federated serve|join`."""

from __future__ import annotations

import json
import sys
from importlib.util import find_spec
from pathlib import Path

import click

from sftsec_core.api import PluginError, TrainingError, visible


@click.group("federated", short_help="Train one model with other sites; no incident leaves one.")
def federated() -> None:
    """Train one model with other sites; no incident leaves one.

    \b
    Examples:
      sftsec federated serve federation.yaml     # at one place: joins the sites' models
      sftsec federated join phishing             # at each site: trains, and asks its own gate
    """


@federated.command("serve", short_help="Join the models of several sites.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print what happened as JSON at the end.")
def serve_command(file: Path, as_json: bool) -> None:
    """Wait for the sites that FILE names, run the rounds, and hand out the joined model.

    Killed, it goes on after the last joined round: run the same command again. The server needs no
    configuration, store or incident of its own, and sees none.

    \b
    federation.yaml:
      listen: 0.0.0.0:8470
      certificate: server.pem
      key: server.key
      state: ./federation
      labels: [benign, attack]
      sites: {vienna: env:TOKEN_VIENNA, graz: file:graz.token}

    \b
    Examples:
      sftsec federated serve federation.yaml
      sftsec federated serve federation.yaml --json > rounds.json
    """
    if find_spec("flwr") is None:
        raise PluginError("the server needs flwr: pip install 'sftsec[federated]'")
    from sftsec_federated.serve import read_settings, serve

    result = serve(read_settings(file), _say)
    if as_json:
        sys.stdout.write(json.dumps(result) + "\n")
    else:
        for what, number in result["counts"].items():
            _say(f"{number} x {what}")
    if not result["complete"]:
        raise TrainingError("stopped before the last round: run the same command to go on")


@federated.command("join", short_help="Take part, and put the joined model before the site's gate.")
@click.argument("task")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def join_command(ctx: click.Context, task: str, arguments: tuple[str, ...]) -> None:
    """Retrain TASK, whose recipe is `federated`; what stands behind `--` goes to `sftsec retrain`.

    \b
    sftsec.yaml:
      plugins: [core, files, federated]
      tasks:
        phishing:
          train:
            recipe:
              name: federated
              server: https://federation.example:8470
              ca_file: federation-ca.pem
              token: env:FEDERATION_TOKEN

    \b
    Examples:
      sftsec federated join phishing
      sftsec federated join phishing -- --no-promote --json
    """
    root = ctx.find_root()
    group = root.command
    retrain = group.get_command(root, "retrain") if isinstance(group, click.Group) else None
    if retrain is None:
        raise PluginError("this command line has no retrain")
    with retrain.make_context("retrain", [task, *arguments], parent=root) as inner:
        retrain.invoke(inner)


def _say(text: str) -> None:
    sys.stderr.write(visible(text, 1000) + "\n")
    sys.stderr.flush()
