"""`sftsec token`: who may come in by a token, and with which roles."""

from __future__ import annotations

import click

from sftsec_core.cli.lazy import LazyGroup


@click.group(
    "token",
    cls=LazyGroup,
    short_help="Add, list and revoke tokens.",
    lazy={
        "add": "sftsec_core.cli.token.add",
        "list": "sftsec_core.cli.token.list",
        "revoke": "sftsec_core.cli.token.revoke",
    },
)
def command() -> None:
    """Add, list and revoke tokens of people and programs.

    A token is sent to `sftsec serve` as `Authorization: Bearer TOKEN`; in SFTSEC_TOKEN it makes the
    command line act as its owner.

    \b
    Roles:
      viewer     sees runs, models, reports, verdicts and the audit log
      analyst    sees, and gives verdicts
      operator   sees, pulls, trains, promotes what the gate approved, scores, serves, cleans up
      admin      everything: forces promotions, rolls back, signs, encrypts, adds tokens
      scorer     sends events to `sftsec serve`, and nothing else: for an app of a SIEM
    """
