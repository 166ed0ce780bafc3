"""Add a task for a connector that is in sftsec.yaml, from its first incidents."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import yaml

from sftsec_core.api.contracts import ConnectorSpec, RecipeSpec, Sample
from sftsec_core.api.domain import Permission, PullWindow
from sftsec_core.api.errors import ConfigError, DataError
from sftsec_core.api.settings.task import VerdictSettings
from sftsec_core.config.insert import insert_task
from sftsec_core.config.load import validate
from sftsec_core.config.settings import Settings
from sftsec_core.config.suggest.suggestion import Wanted
from sftsec_core.config.template import render_added_task
from sftsec_core.operations.authorize import authorize
from sftsec_core.operations.preflight import check_against_plugins
from sftsec_core.operations.suggest_config import (
    SuggestedConfig,
    choose_recipe,
    is_complete,
    read_sample,
    what_lacks,
)
from sftsec_core.plugins import get
from sftsec_core.sdk.atomic import write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import timedelta

    from sftsec_core.api.contracts import Connector
    from sftsec_core.api.domain import Incident, Rejection
    from sftsec_core.config.suggest.suggestion import Suggestion
    from sftsec_core.operations.context import Context

_MOST = 5000
_FEW = 500  # without a verdict: enough to see the fields
# Written so that no field of an incident has the name.
VERDICTS, TIME = "verdict (of the connector)", "time (of the connector)"


def suggest_task(
    context: Context,
    connector: str,
    *,
    wanted: Wanted | None = None,
    name: str | None = None,
    recipe: str | None = None,
) -> SuggestedConfig:
    """Choose a task's fields and labels from what a connector brings, and add it to sftsec.yaml.

    The connector's own section says which field holds the id, the time and the verdict. Where the
    incidents do not tell enough for a task, the file stays as it is.

    Args:
        context: settings, store, registry, actor and event stream.
        connector: a name under `connectors`.
        wanted: what a person names; the rest is chosen.
        name: the task's name; default: the connector's.
        recipe: the task's recipe; default: auto.

    Raises:
        ConfigError: when the task is there already, or a field is wanted that is not there.
        ConnectorError: when the connector cannot be read.
        DataError: when it brings no incident.
        NotFoundError: when there is no such connector or recipe.
    """
    authorize(context.actor, Permission.PULL)
    wanted, task = wanted or Wanted(), name or connector
    get("recipe", recipe or "auto", context.plugins.specs(RecipeSpec))
    if task in context.settings.tasks:
        insert_task(context.file.read_text("utf-8"), task, "", file=context.file)
    with context.connector(connector) as opened:
        spec = context.plugins.specs(ConnectorSpec)[context.settings.connectors[connector].type]
        sample = _sample_of(opened, spec.default_window)
    made, count = _read(sample, connector, wanted)
    chosen = choose_recipe(made, recipe or "auto", context.plugins)
    lacking = _lacking(made, connector)
    complete = is_complete(made) and made.fields.get("label") == VERDICTS
    keep = _entities(sample, spec.entity_fields, made)
    if complete:
        _write(context, task, render_added_task(task, connector, made, _UNDETERMINED, chosen, keep))
    return SuggestedConfig(context.file, task, count, complete, made, lacking)


_UNDETERMINED = VerdictSettings().undetermined


def _read(sample: Sample, connector: str, wanted: Wanted) -> tuple[Suggestion, int]:
    try:
        made, count = read_sample(sample, connector, wanted)
    except DataError:
        raise DataError(
            f"{connector} brings no incident: `sftsec connector check {connector}` looks at it"
        ) from None
    own = ("id", "time", "analyst", "verdict_time", "unreadable")
    made.picks[:] = [pick for pick in made.picks if pick.what not in own]
    return made, count


def _lacking(made: Suggestion, connector: str) -> tuple[str, ...]:
    label = made.fields.get("label")
    if label == VERDICTS:
        return what_lacks(made)
    if label is None:
        return (f"{connector} brings no verdict: name the field with it in connectors.{connector}",)
    return (
        f"{connector} brings no verdict, and {label} has the words of one: name it in "
        f"connectors.{connector} (`label: {label}`)",
    )


def _entities(sample: Sample, names: Sequence[str], made: Suggestion) -> list[str]:
    """Those of the names that some record has, and that the model does not read."""
    there = {name for row in sample.records(None) if isinstance(row, Mapping) for name in row}
    read = made.text or (*made.numbers, *made.categories)  # beside a text these are comments
    return [name for name in names if name in there and name not in read]


def _sample_of(connector: Connector, recent: timedelta | None) -> Sample:
    """The first incidents with a verdict; where there are none, the first of all.

    Args:
        connector: which.
        recent: how far back to look first, so that all time is searched only where that has none.
    """
    windows = [(PullWindow(labelled=True), _MOST), (PullWindow(), _FEW)]
    if recent is not None:
        windows.insert(0, (PullWindow(since=datetime.now(UTC) - recent, labelled=True), _MOST))
    found: list[Incident] = []
    for window, most in windows:
        found = found or _first(connector, window, most)
    rows = [_row(one, timed=len(found) < _MOST) for one in found]

    def records(_limit: int | None) -> Iterator[Mapping[str, Any] | Rejection]:
        return iter(rows)

    return Sample(options={}, keys={}, records=records, label_options={VERDICTS: {}}, time=TIME)


def _first(connector: Connector, window: PullWindow, most: int) -> list[Incident]:
    found: list[Incident] = []
    for page in connector.pull(window):
        found += page.incidents
        if len(found) >= most:
            break
    return found[:most]


def _row(incident: Incident, *, timed: bool) -> dict[str, Any]:
    """An incident as a record.

    Its time stands there where all incidents do: the first of many have the labels of their time.
    """
    row = dict(incident.fields)
    values = [verdict.value for verdict in incident.verdicts]
    if values:
        row[VERDICTS] = values[0] if len(values) == 1 else values
    if timed and incident.at is not None:
        row[TIME] = incident.at.isoformat()
    return row


def _write(context: Context, name: str, task: str) -> None:
    """Write the file when all of it is right."""
    file = context.file
    text = insert_task(file.read_text("utf-8"), name, task, file=file)
    settings = validate(Settings, yaml.safe_load(text), file=file)
    check_against_plugins(settings, context.plugins, file)
    try:
        write_atomically(file, text.encode())
    except OSError as error:
        raise ConfigError(f"cannot be written: {error.strerror or error}", file=file) from error
