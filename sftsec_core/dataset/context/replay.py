"""From a snapshot to the figures of its incidents: all that it holds, in the order of time.

Incidents without a verdict count too, and so do those in another part of a split: an incident's
figures are of what came before it, which is no leak. Their labels count only once they are known.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sftsec_core.dataset.context.events import ContextEvent, ContextReader, microseconds
from sftsec_core.dataset.context.state import ContextState, Value, latest_counted
from sftsec_core.dataset.context.verdicts import VerdictHistory

if TYPE_CHECKING:
    from sftsec_core.api.domain import Incident
    from sftsec_core.api.settings.context import ContextSettings
    from sftsec_core.dataset.resolve import Resolution
    from sftsec_core.dataset.snapshot import Snapshot

_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class ContextPlan:
    """What is counted of a task's events.

    Attributes:
        settings: the task's `context`.
        salt: the site's secret that hashes are keyed with.
        now: when the run began: events dated more than a day later are not counted.
        benign: the label that is no attack.
    """

    settings: ContextSettings
    salt: bytes
    now: datetime
    benign: str | None = None

    def state(self, verdicts: VerdictHistory | None = None, *, bound: bool = True) -> ContextState:
        """An empty state."""
        return ContextState(self.settings, latest_counted(self.now), verdicts, bound)


@dataclass(frozen=True, slots=True)
class Replay:
    """What a replay came to.

    Attributes:
        state: after the last event.
        values: an incident's uid to a value for each of the settings' inputs.
        untimed: incidents without a time, of which no figure is known.
        until: time of the newest event, in microseconds since 1970; -1 where there is none.
    """

    state: ContextState
    values: Mapping[str, tuple[Value, ...]]
    untimed: int = 0
    until: int = -1


def replay(
    plan: ContextPlan,
    incidents: Iterable[Incident],
    verdicts: Mapping[str, tuple[datetime | None, bool]],
    wanted: Callable[[str], bool] = lambda _uid: True,
) -> Replay:
    """Run incidents through an empty state.

    Args:
        plan: what is counted.
        incidents: in any order, with the fields that the settings name.
        verdicts: an incident's uid to the time of its verdict and whether it was an attack.
        wanted: tells of a uid whether its figures are returned.
    """
    reader = ContextReader(plan.settings, plan.salt)
    read = [reader(incident) for incident in incidents]
    events = sorted(event for event in read if event is not None)
    state = plan.state(_history(plan, events, verdicts))
    values = {}
    for event in events:
        found = state.add(event)
        if wanted(event.uid):
            values[event.uid] = found
    until = events[-1].at if events else -1
    return Replay(state, values, len(read) - len(events), until)


def verdict_history(
    plan: ContextPlan,
    incidents: Iterable[Incident],
    verdicts: Mapping[str, tuple[datetime | None, bool]],
) -> VerdictHistory | None:
    """The verdicts on incidents; arguments as for `replay`."""
    reader = ContextReader(plan.settings, plan.salt)
    read = (reader(each) for each in incidents if each.uid in verdicts)
    return _history(plan, (event for event in read if event is not None), verdicts)


def _history(
    plan: ContextPlan,
    events: Iterable[ContextEvent],
    verdicts: Mapping[str, tuple[datetime | None, bool]],
) -> VerdictHistory | None:
    """The verdicts with the times from which they are known; None where no figure needs them."""
    if plan.settings.delay is None:
        return None
    delay = plan.settings.delay // _MICROSECOND

    def judged(event: ContextEvent) -> tuple[ContextEvent, int, bool]:
        given, attack = verdicts[event.uid]
        at = event.at if given is None else max(event.at, microseconds(given))
        return event, at + delay, attack

    return VerdictHistory(judged(event) for event in events if event.uid in verdicts)


def replay_snapshot(
    plan: ContextPlan,
    snapshot: Snapshot,
    resolution: Resolution,
    others: Collection[str] = frozenset(),
) -> Replay:
    """The figures of a snapshot's labelled rows, and of others by their uids; all rows count."""
    verdicts = judged_at(snapshot, resolution, plan.benign)
    labelled = resolution.labels
    wanted = (lambda uid: uid in labelled or uid in others) if others else labelled.__contains__
    return replay(plan, snapshot.incidents(), verdicts, wanted)


def judged_at(
    snapshot: Snapshot, resolution: Resolution, benign: str | None
) -> dict[str, tuple[datetime | None, bool]]:
    """A labelled row's uid to the time of its last verdict and whether its label is an attack."""
    last: dict[str, datetime | None] = {}
    for batch in snapshot.verdict_batches():
        for uid, at in zip(batch["uid"].to_pylist(), batch["at"].to_pylist(), strict=True):
            known = last.get(uid)
            last[uid] = at if known is None or (at is not None and at > known) else known
    return {uid: (last.get(uid), label != benign) for uid, (label, _) in resolution.labels.items()}


def named_figures(names: Sequence[str], values: Sequence[Value] | None) -> dict[str, Value]:
    """The values under the names of their inputs; none where none is known."""
    return {} if values is None else dict(zip(names, values, strict=True))
