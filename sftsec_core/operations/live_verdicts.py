"""The live model's alerts, and what persons say of incidents."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sftsec_core.dataset.resolve import UNDETERMINED, meanings
from sftsec_core.dataset.sources import at_home
from sftsec_core.store.columns import utc_now

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sftsec_core.api.domain import Verdict
    from sftsec_core.api.settings.task import TaskSettings
    from sftsec_core.operations.context import Context

PERIOD = timedelta(days=30)
Place = tuple[str, str]  # a connector and the uid of its incident


@dataclass(frozen=True, slots=True)
class JudgedAlerts:
    """Alerts of a model that are old enough for a verdict.

    Attributes:
        alerts: the label of each.
        labels: what persons say, of those that they judged.
    """

    alerts: Mapping[Place, str]
    labels: Mapping[Place, str]


def judged_since(context: Context) -> tuple[datetime, datetime]:
    """The time of which alerts and draws are looked at: the last 30 days.

    What is younger than `drift.verdict_delay` is not: the fastest verdicts are on what is easily
    told.
    """
    now = utc_now()
    return now - PERIOD, now - context.settings.drift.verdict_delay


def judged_alerts(context: Context, name: str, model: str) -> JudgedAlerts:
    """Join a model's detections with the verdicts on them that were pulled.

    An incident that was raised again counts once.

    Args:
        context: settings, store, registry, actor and event stream.
        name: the task.
        model: digest of the model.
    """
    task = context.task(name)
    since, until = judged_since(context)
    made = context.store.outbox.made(name, model, since=since, until=until)
    alerts = {_home(task, each.connector, each.incident_uid): each.label for each in made}
    return JudgedAlerts(alerts, said_labels(context, task, alerts))


def said_labels(context: Context, task: TaskSettings, places: Iterable[Place]) -> dict[Place, str]:
    """The label that a person's last verdict with one gives; incidents without are left out."""
    import pyarrow as pa

    verdicts = _verdicts(context, places)
    words = sorted({each.value for some in verdicts.values() for each in some})
    means = meanings(pa.array(words, pa.string()), task.labels, task.verdicts)
    found = {}
    for place, some in verdicts.items():
        labels = [means[each.value] for each in some]
        told = [label for label in labels if label not in {None, UNDETERMINED}]
        if told and told[-1] is not None:
            found[place] = told[-1]
    return found


def _home(task: TaskSettings, destination: str, uid: str) -> Place:
    """Where verdicts on a detection's incident come from."""
    source, own = at_home(uid)
    if source in task.connectors and task.destination(source) == destination:
        return source, own
    return (destination if destination in task.connectors else task.connectors[0]), uid


def _verdicts(context: Context, places: Iterable[Place]) -> dict[Place, tuple[Verdict, ...]]:
    """The verdicts that persons gave on incidents, oldest first."""
    by_connector = defaultdict[str, list[str]](list)
    for connector, uid in places:
        by_connector[connector].append(uid)
    return {
        (connector, uid): tuple(each for each in some if not each.automated)
        for connector, uids in by_connector.items()
        for uid, some in context.store.verdicts.of(connector, uids).items()
    }
