"""The options with which `schedule add` and `schedule edit` say what a schedule is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click

from sftsec_core.cli.complete import complete_task

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

F = TypeVar("F", bound="Callable[..., Any]")
KINDS = ("retrain", "adapt", "score", "dataset", "request-labels", "audit-push", "drift", "gc")
_TRIGGERS = (
    *("cron", "interval", "new_verdicts", "drift_above", "live_precision_below"),
    "live_recall_below",
)
_PLAIN = (
    *("task", "run", "timezone", "outside", "catch_up", "jitter", "priority", "retries"),
    *("timeout", "budget", "overlap", "cool_down"),
)
_OPTIONS = (
    click.option("--task", shell_complete=complete_task, help="On which task."),
    click.option("--cron", help='A crontab\'s five fields: "0 2 * * mon-fri".'),
    click.option("--interval", help="Each time that so much has passed: 6h."),
    click.option("--new-verdicts", type=click.IntRange(1), help="So many since its last run."),
    click.option("--drift-above", type=float, help="The newest figure is above it; 1: a drift."),
    click.option(
        "--figure",
        type=click.Choice(["input_drift", "score_drift", "label_shift"]),
        help="Which one; default: input_drift.",
    ),
    click.option("--live-precision-below", type=float, help="By verdicts on our detections."),
    click.option("--live-recall-below", type=float, help="By verdicts on random draws too."),
    click.option("--cool-down", help="Conditions wait so long after its task's last run: 1d."),
    click.option("--match", type=click.Choice(["any", "all"]), help="Of several of these."),
    click.option("--when", help="The same in YAML, nested if need be: {any: [{cron: ...}, ...]}."),
    click.option("--after", help="Another run's end: retrain:TASK:promoted, or :succeeded."),
    click.option("--timezone", help="Of cron and window; default: UTC."),
    click.option("--window", multiple=True, help='When it may start: "22:00-06:00 mon-fri".'),
    click.option("--outside", type=click.Choice(["wait", "skip"]), help="Outside the window."),
    click.option(
        "--catch-up",
        type=click.Choice(["one", "all", "skip"]),
        help="What to do about what was missed; default: one, the newest.",
    ),
    click.option("--jitter", help="Starts up to so much later: 5m."),
    click.option("--priority", type=int, help="-100 to 100; higher ones start first."),
    click.option("--retries", type=int, help="How often a failed run is tried again."),
    click.option("--timeout", help="A run that takes longer is stopped: 4h."),
    click.option("--budget", help="Time for training, of retrain and adapt: 30m."),
    click.option("--overlap/--no-overlap", default=None, help="May run beside others of its task."),
    click.option("--gpus", type=click.IntRange(0), help="GPUs that a worker must have."),
    click.option("--option", "options", multiple=True, help="The run's own: promote=false."),
)


def schedule_options(command: F) -> F:
    """Add the options."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def read_options(given: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that the given options stand for.

    Raises:
        UsageError: when they do not go together.
    """
    found = {name: given[name] for name in _PLAIN if given.get(name) is not None}
    when = _when(given)
    if when is not None:
        found["when"] = when
    if given.get("after"):
        found["after"] = _after(given["after"])
    if given.get("window"):
        found["window"] = list(given["window"])
    if given.get("gpus") is not None:
        found["needs"] = {"gpus": given["gpus"]}
    if given.get("options"):
        found["options"] = dict(map(_option, given["options"]))
    return found


def _when(given: Mapping[str, Any]) -> object:
    parts: list[dict[str, Any]] = [
        {name: given[name]} for name in _TRIGGERS if given.get(name) is not None
    ]
    figure, match, text = given.get("figure"), given.get("match"), given.get("when")
    if figure is not None:
        drift = next((each for each in parts if "drift_above" in each), None)
        if drift is None:
            raise click.UsageError("--figure goes with --drift-above")
        drift["figure"] = figure
    if text is not None:
        if parts or match:
            raise click.UsageError("give --when, or the options for single triggers, not both")
        return _yaml(text, "--when")
    if len(parts) > 1 and match is None:
        raise click.UsageError("several triggers: is one enough (--match any), or --match all?")
    if len(parts) < 2 and match is not None:
        raise click.UsageError("--match goes with several triggers")
    return {match: parts} if match else (parts[0] if parts else None)


def _after(text: str) -> dict[str, str]:
    parts = text.split(":")
    if not 1 <= len(parts) <= 3 or not all(parts):
        raise click.UsageError("--after is KIND:TASK:END, such as retrain:phishing:promoted")
    return dict(zip(("run", "task", "when"), parts, strict=False))


def _option(text: str) -> tuple[str, object]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise click.UsageError(f"--option {text}: write NAME=VALUE")
    return name, _yaml(value, f"--option {name}")


def _yaml(text: str, what: str) -> object:
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise click.UsageError(f"{what} is no YAML: {' '.join(str(error).split())}") from error
