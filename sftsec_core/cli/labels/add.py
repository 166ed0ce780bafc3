"""`sftsec labels add`: verdicts for platforms whose alerts have no place for them."""

from __future__ import annotations

import getpass
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING, Any

import click

from sftsec_core.cli.options import App, emit, facts, json_option, pass_app

if TYPE_CHECKING:
    from sftsec_core.api.domain import Verdict

_AT_ONCE = 500


@click.command("add")
@click.argument("connector")
@click.argument("incidents", nargs=-1)
@click.option("--verdict", help="The word for it, e.g. true_positive.")
@click.option("--analyst", help="Who says so; default: this user.")
@click.option("--reason", help="Why, for whoever reads it later.")
@click.option(
    "--from",
    "file",
    type=click.File("rb"),
    help="JSON lines with incident, verdict and, if you like, analyst, reason, at; - for stdin.",
)
@json_option
@pass_app
def command(
    app: App,
    connector: str,
    incidents: tuple[str, ...],
    verdict: str | None,
    analyst: str | None,
    reason: str | None,
    file: IO[bytes] | None,
    as_json: bool,
) -> None:
    """Write analysts' verdicts where the connector keeps them (OpenSearch, Wazuh).

    INCIDENTS are names as `sftsec connector pull` shows them: INDEX/ID. A later verdict of the
    same analyst replaces the earlier one when a model is trained; nothing is overwritten.

    \b
    Examples:
      sftsec labels add wazuh wazuh-alerts-4.x-2026.11.23/Xb1q --verdict false_positive
      sftsec labels add wazuh --from verdicts.jsonl --json
    """
    from sftsec_core.api.contracts import TakesVerdicts
    from sftsec_core.api.errors import ConnectorError

    who = analyst or getpass.getuser()
    if file is not None:
        if incidents or verdict:
            raise click.UsageError("give incidents and --verdict, or --from, not both")
        given = _read(file, who)
    else:
        if not incidents or not verdict:
            raise click.UsageError("name at least one incident, and its --verdict")
        given = _said(incidents, verdict, who, reason)
    counts = {"read": 0, "added": 0}
    with app.context() as context, context.connector(connector) as opened:
        if not isinstance(opened, TakesVerdicts):
            raise ConnectorError(
                "its analysts give verdicts on the platform itself", connector=connector
            )
        for batch in _batches(given):
            counts["added"] += opened.add_verdicts(batch)
            counts["read"] += len(batch)
        context.store.audit.append("labels.added", connector, {**counts, "analyst": who})
    emit({"connector": connector, **counts}, as_json=as_json, show=facts(counts))


def _said(
    incidents: tuple[str, ...], word: str, who: str, reason: str | None
) -> Iterator[tuple[str, Verdict]]:
    from sftsec_core.api.domain import Verdict

    now = datetime.now(UTC)
    for uid in incidents:
        yield uid, Verdict(word, who, now, reason)


def _read(file: IO[bytes], who: str) -> Iterator[tuple[str, Verdict]]:
    """Read verdicts; the whole file is checked line by line before its batch is sent."""
    from sftsec_core.api.domain import Verdict
    from sftsec_core.api.errors import DataError
    from sftsec_core.sdk.records import UnusableError, parse_time

    for number, line in enumerate(file, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            uid, word = _word(row, "incident"), _word(row, "verdict")
            at = parse_time(row.get("at"), "at") or datetime.now(UTC)
        except (ValueError, UnusableError, TypeError, AttributeError) as error:
            what = str(error) if isinstance(error, UnusableError) else "not such an object"
            raise DataError(
                f"{file.name}:{number}: {what}; nothing from here on was sent"
            ) from error
        yield uid, Verdict(word, str(row.get("analyst") or who), at, row.get("reason"))


def _word(row: dict[str, Any], name: str) -> str:
    from sftsec_core.sdk.records import UnusableError

    value = row.get(name)
    if not isinstance(value, str) or not value:
        raise UnusableError(f"{name!r} is missing")
    return value


def _batches(given: Iterator[tuple[str, Verdict]]) -> Iterator[list[tuple[str, Verdict]]]:
    from itertools import islice

    while batch := list(islice(given, _AT_ONCE)):
        yield batch
