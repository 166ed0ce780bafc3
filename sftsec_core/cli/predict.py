"""`sftsec predict TASK [TEXT|-]`: ask the live model about a text."""

from __future__ import annotations

import sys
from typing import IO, TYPE_CHECKING, Any

import click

from sftsec_core.cli.complete import complete_task
from sftsec_core.cli.options import App, emit, json_option, pass_app

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rich.console import Console

    from sftsec_core.api.domain import Explanation, TaskSpec
    from sftsec_core.operations.predict import Prediction


_DEEPEST = 64  # levels of a record


@click.command("predict", short_help="Ask the live model about a text or an incident.")
@click.argument("task", shell_complete=complete_task)
@click.argument("text", required=False)
@click.option(
    "--field",
    "fields",
    multiple=True,
    metavar="NAME=VALUE",
    help="A field of the incident; may be repeated.",
)
@click.option(
    "--lines",
    is_flag=True,
    help="With -: a JSON object a line, as they are read; for inputs of any length.",
)
@click.option("--why", is_flag=True, help="Say which words and fields decide, and what is alike.")
@json_option
@pass_app
def command(
    app: App,
    task: str,
    text: str | None,
    fields: tuple[str, ...],
    lines: bool,
    why: bool,
    as_json: bool,
) -> None:
    """Show the label, the probability and the decision on an incident; with --why the reasons.

    A reason's figure is what it adds to the log-odds of the label, below 0 against it.

    The text is cleaned and redacted as in scoring; nothing is kept or pushed. TEXT is the first
    text field of the task. With - each line of standard input is a text, or an incident as a
    JSON object. With --lines a record that cannot be read is an "error" on its own line.

    \b
    Examples:
      sftsec predict phishing "Your mailbox is full, confirm your password"
      sftsec predict phishing "Your mailbox is full, confirm your password" --why
      sftsec predict alerts --field rule.name=Brute\\ force --field event.count=900
      sftsec predict phishing - < mails.jsonl
      sftsec predict phishing - --lines < millions.jsonl > scores.jsonl
    """
    from sftsec_core.cli.predict_lines import print_lines
    from sftsec_core.operations.predict import predict

    with app.context() as context:
        spec = context.task_spec(task)
        if lines:
            if text != "-" or fields or why or as_json:
                raise click.UsageError("--lines goes with - and no other option")
            print_lines(context, spec, sys.stdin.buffer, sys.stdout)
            return
        records = list(_records(spec, text, fields, sys.stdin.buffer))
        model, found = predict(context, task, records, why=why)
    data = {"task": task, "model": model, "predictions": [each.to_json() for each in found]}
    emit(data, as_json=as_json, show=lambda out: _show(out, found))


def _records(
    spec: TaskSpec, text: str | None, fields: tuple[str, ...], stdin: IO[bytes]
) -> Iterator[dict[str, Any]]:
    if text == "-":
        if fields:
            raise click.UsageError("give fields by --field, or records on standard input")
        yield from (read_record(spec, line, n) for n, line in enumerate(_lines(stdin), start=1))
        return
    given = dict(_pair(field) for field in fields)
    if text is not None:
        given[_first_text(spec)] = text
    if not given:
        raise click.UsageError("give a TEXT, fields by --field, or - for standard input")
    yield given


def _lines(stdin: Iterable[bytes]) -> Iterator[str]:
    for line in stdin:
        text = line.decode("utf-8", "replace").strip()
        if text:
            yield text


def read_record(spec: TaskSpec, line: str, number: int) -> dict[str, Any]:
    """The fields of a record that a line holds: a JSON object's, or the first text field."""
    from sftsec_core.api.errors import DataError
    from sftsec_core.sdk.json_values import read_any_json
    from sftsec_core.sdk.records import UnusableError, flatten

    if line.startswith("{"):
        try:
            return flatten(read_any_json(line.encode(), _DEEPEST + 1), _DEEPEST)
        except UnusableError as error:
            reason = str(error).replace("max_depth", f"{_DEEPEST} levels")
            raise DataError(f"record {number}: {reason}") from error
        except ValueError:
            pass  # a text that begins with a brace
    return {_first_text(spec): line}


def _first_text(spec: TaskSpec) -> str:
    if not spec.text_fields:
        raise click.UsageError(f"task {spec.name!r} reads no text: give its fields by --field")
    return spec.text_fields[0]


def _pair(field: str) -> tuple[str, str]:
    name, separator, value = field.partition("=")
    if not separator or not name:
        raise click.BadParameter(f"{field!r} is not NAME=VALUE", param_hint="--field")
    return name, value


def _show_why(out: Console, why: Explanation) -> None:
    out.print(f"  {why.text}", markup=False, soft_wrap=True)
    for each in why.attributions:
        line = f"  {each.contribution:+.3f}  {each.words}  ({each.input})"
        out.print(line, markup=False, soft_wrap=True)
    for other in why.neighbours:
        who = f" by {', '.join(other.analysts)}" if other.analysts else ""
        line = f"  {other.similarity:.2f} like {other.uid}: {other.label}{who}"
        out.print(line, markup=False, soft_wrap=True)


def _show(out: Console, found: list[Prediction]) -> None:
    for each in found:
        out.print(
            f"{each.decision}  {each.label}  probability {each.probability:.4f}, alerts from "
            f"{each.threshold:.4f}",
            soft_wrap=True,
        )
        if each.explanation is not None:
            _show_why(out, each.explanation)
        if len(found) > 1:
            out.print(f"  {each.text[:120]}", markup=False, soft_wrap=True)
