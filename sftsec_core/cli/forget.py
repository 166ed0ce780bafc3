"""`sftsec forget`: erase incidents from the state, and keep them out."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from sftsec_core.cli.complete import complete_connector
from sftsec_core.cli.options import App, emit, json_option, pass_app

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from sftsec_core.operations.forget import ForgetRequest, ForgetResult

_SHORT = 12


@click.command("forget", short_help="Erase incidents, and keep them from being pulled again.")
@click.argument("incident", required=False)
@click.option(
    "--connector",
    metavar="NAME",
    shell_complete=complete_connector,
    help="The connector that the incident is from.",
)
@click.option(
    "--user",
    metavar="FIELD=VALUE",
    help="All incidents that hold this value in this field, in any case, such as user.name=j.doe.",
)
@click.option("--resume", is_flag=True, help="Finish an erasure that was interrupted.")
@click.option("--dry-run", is_flag=True, help="Only show what would go.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@pass_app
def command(
    app: App,
    incident: str | None,
    connector: str | None,
    user: str | None,
    resume: bool,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Erase an incident, or all incidents of a user, from the state for good.

    Gone are its rows and files: data sets that hold it (the next build pulls the rest again), parts
    of pulls, verdicts, detections, requests for labels, caches, texts in reports, fingerprints; the
    database is written again without them. Digests under the site's salt, of its id and of what it
    holds, keep it from being pulled again, under another id too. The audit log says that so many
    incidents were erased, not which.

    Models that learned from it are named. They serve until the next `sftsec retrain`, which makes
    new ones though no verdict is new, and at most `registry.replace_within` (30 days).

    A backup brings it back: restored over this state, nothing is pulled until --resume has erased
    it again.

    Not touched: what the SIEM holds, detections that were pushed there, backups (they are named),
    and earlier entries of the audit log, which name incidents by their ids. --user asks each
    connector for all its incidents; a name that stands in a text alone is not found. No run may be
    under way.

    \b
    Examples:
      sftsec forget 4711-a --dry-run
      sftsec forget 4711-a --connector mail
      sftsec forget --user user.name=j.doe --yes --json
      sftsec forget --resume
    """
    from sftsec_core.cli.live import live_context
    from sftsec_core.operations.forget import forget, resume_forgetting

    if resume:
        _refuse_more(incident, user, dry_run)
        with live_context(app, quiet=as_json) as context:
            results: Sequence[ForgetResult] = resume_forgetting(context)
    else:
        request = _request(incident, connector, user)
        with live_context(app, quiet=as_json) as context:
            if not dry_run and not yes:
                _ask(forget(context, request, dry_run=True), as_json=as_json)
            results = [forget(context, request, dry_run=dry_run)]
    data = [each.to_json() for each in results]
    emit(data if resume else data[0], as_json=as_json, show=lambda out: _show(out, results))
    for task in dict.fromkeys(model.task for each in results for model in each.models):
        if not dry_run:
            app.next(f"sftsec retrain {task}", as_json=as_json)


def _request(incident: str | None, connector: str | None, user: str | None) -> ForgetRequest:
    from sftsec_core.operations.forget import ForgetRequest

    if (incident is None) == (user is None):
        raise click.UsageError("name one INCIDENT, or --user FIELD=VALUE")
    if user is None:
        return ForgetRequest(uid=incident, connector=connector)
    name, equals, value = user.partition("=")
    if not (name and equals and value):
        raise click.UsageError(f"--user takes FIELD=VALUE, such as user.name=j.doe, not {user!r}")
    if connector is not None:
        raise click.UsageError("--connector goes with an INCIDENT: --user asks all of them")
    return ForgetRequest(field=name, value=value)


def _refuse_more(incident: str | None, user: str | None, dry_run: bool) -> None:
    if incident is not None or user is not None or dry_run:
        raise click.UsageError("--resume finishes what was begun, and takes nothing besides")


def _ask(found: ForgetResult, *, as_json: bool) -> None:
    """Show what would go and ask; where nobody can answer, refuse."""
    from sftsec_core.cli.options import console

    if not found.incidents:
        return
    if as_json or not sys.stdin.isatty():
        raise click.UsageError("it cannot be undone: add --yes, or --dry-run to see what would go")
    _show(console(stderr=True), [found])
    click.confirm("Erase them for good?", abort=True, err=True)


def _show(out: Console, results: Sequence[ForgetResult]) -> None:
    if not results:
        out.print("no erasure was interrupted")
    for each in results:
        _show_one(out, each)


def _show_one(out: Console, found: ForgetResult) -> None:
    if not found.incidents:
        out.print("nothing to forget: there is no such incident, or all were forgotten before")
        return
    verb = "erased" if found.removed else "would be erased"
    noun = "incident" if found.incidents == 1 else "incidents"
    named = f" (erasure {found.erasure})" if found.erasure else ""
    out.print(f"{found.incidents:,} {noun} {verb}{named}")
    for kind, counts in (("rows", found.rows), ("files", found.files)):
        told = ", ".join(f"{name} {count:,}" for name, count in counts.items() if count)
        out.print(f"  {kind:<8} {told or '-'}", soft_wrap=True)
    for model in found.models:
        alias = f" ({', '.join(model.aliases)})" if model.aliases else ""
        until = f": may serve until {model.until[:16]} UTC" if model.until else ""
        learned = f"{model.digest[:_SHORT]} of {model.task}{alias}"
        out.print(f"  model    {learned} learned from it{until}", soft_wrap=True)
    for encoder in found.encoders:
        out.print(f"  encoder  {encoder[:_SHORT]} learned from it: sftsec adapt makes another")
    for file in found.backups:
        out.print(f"  backup   {file} is not touched and may hold it", soft_wrap=True)
