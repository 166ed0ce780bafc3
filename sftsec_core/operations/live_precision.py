"""How many of the live model's detections analysts confirm."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sftsec_core.dataset.resolve import UNDETERMINED, meanings
from sftsec_core.dataset.sources import at_home
from sftsec_core.store.columns import utc_now

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sftsec_core.api.domain import Verdict
    from sftsec_core.api.settings.task import TaskSettings
    from sftsec_core.operations.context import Context

PERIOD = timedelta(days=30)
_LEVEL = 0.95
_Place = tuple[str, str]  # a connector and the uid of its incident


@dataclass(frozen=True, slots=True)
class LivePrecision:
    """The share of judged detections that are right.

    Attributes:
        value: 0 to 1.
        low: lower end of its interval (Clopper and Pearson, 95%).
        high: upper end.
        right: judged detections that are attacks; where every class is one, of the class named.
        judged: those on which a person gave a verdict that a label lists.
        detections: all that are old enough for a verdict.
    """

    value: float
    low: float
    high: float
    right: int
    judged: int
    detections: int

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)


def live_precision(context: Context, name: str, model: str) -> LivePrecision | None:
    """Join a model's detections with the verdicts on them that were pulled.

    Of the last 30 days, those that are older than `drift.verdict_delay`: the fastest verdicts are
    on what is easily told. An incident that was raised again counts once.

    Args:
        context: settings, store, registry, actor and event stream.
        name: the task.
        model: digest of the model.

    Returns:
        None where nothing was judged.
    """
    task, now = context.task(name), utc_now()
    until = now - context.settings.drift.verdict_delay
    made = context.store.outbox.made(name, model, since=now - PERIOD, until=until)
    alerts = {_home(task, each.connector, each.incident_uid): each.label for each in made}
    said = _said(task, _verdicts(context, alerts))
    if not said:
        return None
    right = sum(
        label == alerts[place] if task.benign is None else label != task.benign
        for place, label in said.items()
    )
    low, high = exact_interval(right, len(said))
    return LivePrecision(right / len(said), low, high, right, len(said), len(alerts))


def exact_interval(right: int, judged: int) -> tuple[float, float]:
    """The interval of a share (Clopper and Pearson, 1934), 95%."""
    from scipy.stats import beta

    tail = (1 - _LEVEL) / 2
    wrong = judged - right
    low = float(beta.ppf(tail, right, wrong + 1)) if right else 0.0
    high = float(beta.ppf(1 - tail, right + 1, wrong)) if wrong else 1.0
    return low, high


def _home(task: TaskSettings, destination: str, uid: str) -> _Place:
    """Where verdicts on a detection's incident come from."""
    source, own = at_home(uid)
    if source in task.connectors and task.destination(source) == destination:
        return source, own
    return (destination if destination in task.connectors else task.connectors[0]), uid


def _verdicts(context: Context, places: Iterable[_Place]) -> dict[_Place, tuple[Verdict, ...]]:
    """The verdicts that persons gave on incidents, oldest first."""
    by_connector = defaultdict[str, list[str]](list)
    for connector, uid in places:
        by_connector[connector].append(uid)
    return {
        (connector, uid): tuple(each for each in some if not each.automated)
        for connector, uids in by_connector.items()
        for uid, some in context.store.verdicts.of(connector, uids).items()
    }


def _said(task: TaskSettings, verdicts: Mapping[_Place, tuple[Verdict, ...]]) -> dict[_Place, str]:
    """The label that the last verdict with one gives; incidents without are left out."""
    import pyarrow as pa

    words = sorted({each.value for some in verdicts.values() for each in some})
    means = meanings(pa.array(words, pa.string()), task.labels, task.verdicts)
    found = {}
    for place, some in verdicts.items():
        labels = [means[each.value] for each in some]
        told = [label for label in labels if label not in {None, UNDETERMINED}]
        if told and told[-1] is not None:
            found[place] = told[-1]
    return found
