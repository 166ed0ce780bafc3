"""`sftsec init`: a commented configuration to start from, or one for a sample."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sftsec_core.cli.complete import (
    complete_connector_type,
    complete_preset,
    complete_recipe,
    complete_source,
)
from sftsec_core.cli.options import App, emit, facts, json_option, pass_app, table

if TYPE_CHECKING:
    from rich.console import Console

    from sftsec_core.operations.suggest_config import SuggestedConfig

_CONNECTOR = "connector:"


@click.command("init", short_help="Write a commented sftsec.yaml to start from.")
@click.option(
    "--from",
    "source",
    shell_complete=complete_source,
    metavar="PATH|connector:NAME",
    help="A file or folder of incidents (CSV, JSON, Parquet, mail, CEF, ...): fill in its fields. "
    "connector:NAME: add a task for a connector that sftsec.yaml has.",
)
@click.option("--name", help="With --from: the task's name; default: the file's.")
@click.option("--label", metavar="FIELD", help="With --from: the field with the verdict.")
@click.option("--text", metavar="FIELD", multiple=True, help="With --from: a field to read.")
@click.option("--id", "id_", metavar="FIELD", help="With --from: the field that names a record.")
@click.option("--time", metavar="FIELD", help="With --from: the field with the event's time.")
@click.option("--time-format", metavar="FORM", help="With --from: such as '%d/%m/%Y %H:%M:%S'.")
@click.option("--benign", metavar="WORD", multiple=True, help="With --from: a benign verdict.")
@click.option("--malicious", metavar="WORD", multiple=True, help="With --from: one of an attack.")
@click.option(
    "--recipe",
    shell_complete=complete_recipe,
    help="With --from: such as linear, which takes seconds.  [default: auto]",
)
@click.option(
    "--task",
    "template",
    shell_complete=complete_preset,
    help="A template.  [default: the connector's own]",
)
@click.option(
    "--connector",
    "kind",
    shell_complete=complete_connector_type,
    default="files",
    show_default=True,
    help="Where incidents are: files, elastic, opensearch, splunk.",
)
@click.option("--force", is_flag=True, help="Overwrite an existing file.")
@json_option
@pass_app
def command(
    app: App,
    /,
    source: str | None,
    template: str | None,
    kind: str,
    force: bool,
    as_json: bool,
    **fields: Any,  # noqa: ANN401 - click's: what --from takes
) -> None:
    """Write a commented sftsec.yaml here; `sftsec plugins check` lists the templates.

    With --from, the fields of a sample are looked at: which one names a record, which hold its
    time, its text and its verdict, and which words of the verdict are benign or malicious. What
    the sample does not tell stays a comment. Nothing of it is kept.

    \b
    Examples:
      sftsec init
      sftsec init --from alerts.csv
      sftsec init --from export/ --label "Close reason" --benign Tuned --recipe linear
      sftsec init --from connector:elastic --name phishing
      sftsec init --connector elastic
      sftsec init --task url
      sftsec init --task command-line --connector elastic
      sftsec init --connector opensearch
      sftsec -c /etc/sftsec/sftsec.yaml init
    """
    if source is not None:
        if template is not None:
            raise click.UsageError("--task names a template; with --from, --name names the task")
        if source.startswith(_CONNECTOR):
            _from_connector(app, source.removeprefix(_CONNECTOR), as_json=as_json, **fields)
            return
        if not Path(source).exists():
            raise click.UsageError(
                f"--from: {source} does not exist; {_CONNECTOR}NAME is a connector of sftsec.yaml"
            )
        _from_sample(app, Path(source), kind, force=force, as_json=as_json, **fields)
        return
    if given := next((name for name, value in fields.items() if value), None):
        raise click.UsageError(f"--{given.strip('_').replace('_', '-')} goes with --from")
    from sftsec_core.operations.init_config import init_config

    file = _file(app)
    task = init_config(file, template=template, connector=kind, force=force)
    done = {"file": str(file), "task": task}
    emit(done, as_json=as_json, show=facts(done))
    app.next("sftsec config check", as_json=as_json)


def _from_sample(
    app: App,
    source: Path,
    kind: str,
    *,
    force: bool,
    as_json: bool,
    name: str | None,
    id_: str | None,
    recipe: str | None,
    **fields: Any,  # noqa: ANN401 - click's: the other fields of `Wanted`
) -> None:
    from sftsec_core.config.suggest.suggestion import Wanted
    from sftsec_core.operations.suggest_config import suggest_config

    wanted, file = Wanted(id=id_, **fields), _file(app)
    done = suggest_config(
        file,
        source,
        wanted=wanted,
        task=name,
        connector=kind,
        recipe=recipe,
        force=force,
    )
    emit(done.to_json(), as_json=as_json, show=lambda out: _show(out, done))
    if not as_json:
        _say_next(app, done, f"sftsec init --force --from {shlex.quote(str(source))}")


def _from_connector(
    app: App,
    connector: str,
    *,
    as_json: bool,
    name: str | None,
    recipe: str | None,
    text: tuple[str, ...],
    benign: tuple[str, ...],
    malicious: tuple[str, ...],
    **others: str | None,
) -> None:
    from sftsec_core.config.suggest.suggestion import Wanted
    from sftsec_core.operations.suggest_task import suggest_task

    if given := next((each for each, value in others.items() if value), None):
        option = given.strip("_").replace("_", "-")
        raise click.UsageError(f"--{option}: connectors.{connector} says it, in sftsec.yaml")
    wanted = Wanted(text=text, benign=benign, malicious=malicious)
    with app.context() as context:
        done = suggest_task(context, connector, wanted=wanted, name=name, recipe=recipe)
    emit(done.to_json(), as_json=as_json, show=lambda out: _show(out, done))
    if not as_json:
        named = f" --name {done.task}" if name else ""
        _say_next(app, done, f"sftsec init --from {_CONNECTOR}{connector}{named}")


def _say_next(app: App, done: SuggestedConfig, again: str) -> None:
    """What a person should do: the next command where it leads to a model."""
    for line in done.lacking:
        app.say(f"lacking: {line}")
    if not done.complete:
        comments = f", or fill in the comments of {done.file.name}" if "--force" in again else ""
        app.next(f"{again} with what is lacking{comments}")
        return
    if done.lacking:
        app.next(f"{again}, once the sample has them")
        return
    if few := next((p.chosen for p in done.suggestion.picks if p.what == "few labels"), ""):
        app.say(f"the promotion gate will reject its model: there are too few verdicts ({few})")
    if (words := done.suggestion.words) and words.benign is None:
        app.say("every label raises a detection: --benign names the words of one that does not")
    app.next(f"sftsec retrain {done.task}")


def _file(app: App) -> Path:
    from sftsec_core.config.load import FILE_NAME

    return app.config or Path.cwd() / FILE_NAME


def _show(out: Console, done: SuggestedConfig) -> None:
    rows = [(p.what, p.chosen or "not known", p.why) for p in done.suggestion.picks]
    title = f"{done.file}, task {done.task}: chosen from {done.records:,} records"
    table(title, ("what", "chosen", "why"), rows)(out)
