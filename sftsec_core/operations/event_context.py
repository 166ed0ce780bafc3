"""The figures of earlier events that a task's `context` asks for: of a data set, and in scoring."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sftsec_core.api.errors import ConfigError, DataError, IntegrityError
from sftsec_core.api.settings.context import ContextSettings
from sftsec_core.dataset.context.replay import (
    ContextPlan,
    Replay,
    judged_at,
    named_figures,
    replay,
    replay_snapshot,
    verdict_history,
)
from sftsec_core.dataset.context.verdicts import VerdictHistory
from sftsec_core.dataset.event_pool import DrawnEvents, draw_events
from sftsec_core.dataset.resolve import resolve
from sftsec_core.dataset.snapshot import open_snapshot
from sftsec_core.operations.show_dataset import newest_dataset
from sftsec_core.scoring.event_figures import ContextSeed, EventFigures

if TYPE_CHECKING:
    from sftsec_core.api.domain import Incident, Inputs
    from sftsec_core.dataset.resolve import Resolution
    from sftsec_core.dataset.snapshot import Snapshot
    from sftsec_core.operations.context import Context
    from sftsec_core.registry.registry import LoadedModel

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SnapshotContext:
    """What a data set's events say of each other.

    Attributes:
        figures: of the events before a labelled incident or one of the pool, by its uid.
        counts: what the report says: events that counted, those without a time, those dated
            ahead, and keys that were forgotten; empty for a task without `context`.
        pool: events without a verdict that were drawn; None where the task asks for none.
    """

    figures: Callable[[str], Inputs]
    counts: dict[str, int]
    pool: DrawnEvents | None = None

    @property
    def shown(self) -> dict[str, int]:
        """The counts as a stage shows them."""
        return {f"context: {name.replace('_', ' ')}": n for name, n in self.counts.items()}


def snapshot_context(
    context: Context,
    name: str,
    snapshot: Snapshot,
    resolution: Resolution,
    render: Callable[[Incident], Inputs] | None = None,
) -> SnapshotContext:
    """Replay a task's data set in the order of time.

    Args:
        context: settings and the site's salt.
        name: the task.
        snapshot: of every event.
        resolution: the labels of some.
        render: reads an incident's own inputs, to draw the pool that the task asks for; None
            draws none.
    """
    settings = context.task(name).context
    if settings is None:
        return SnapshotContext(lambda _uid: {}, {})
    names = settings.inputs
    plan, drawn = _plan(context, name, settings), None
    if render and (asked := context.task(name).unlabelled) is not None:
        drawn = draw_events(snapshot, asked, render, context.salt, plan.now)
    uids = drawn.uids if drawn else frozenset[str]()
    found = replay_snapshot(plan, snapshot, resolution, uids)
    counts = found.state.counts
    return SnapshotContext(
        lambda uid: named_figures(names, found.values.get(uid)),
        {
            "events": counts.added,
            "events_without_time": found.untimed,
            "events_dated_ahead": counts.ahead,
            "keys": len(found.state),
            "keys_forgotten": counts.evicted,
            **({"sequence_characters_cut": counts.cut} if settings.sequence else {}),
        },
        drawn,
    )


def scoring_figures(context: Context, name: str, loaded: LoadedModel) -> EventFigures:
    """What gives a model that reads figures those that it was trained with.

    Raises:
        ConfigError: when the task's `context` is not what the model was trained with.
    """
    trained, task = loaded.serving.task.context, context.task(name)
    if task.context is None or task.context.to_json() != trained:
        raise ConfigError(
            f"tasks.{name}.context is not what the live model {loaded.ref.digest[:12]} was trained "
            f"with: `sftsec retrain {name}` makes one for it, or put back what it was"
        )
    settings = ContextSettings.model_validate(json.loads(trained))
    plan = _plan(context, name, settings)
    return EventFigures(
        task=name,
        plan=plan,
        states=context.store.context_states,
        make_seed=lambda digest: _seed(context, name, plan, digest or _made_of(context, loaded)),
        verdicts=_known_verdicts(context, name, plan),
    )


def _plan(context: Context, name: str, settings: ContextSettings) -> ContextPlan:
    return ContextPlan(settings, context.salt, datetime.now(UTC), context.task(name).benign)


def _made_of(context: Context, loaded: LoadedModel) -> str:
    return str(context.registry.card(loaded.ref)["training_data"]["snapshot"])


def _seed(context: Context, name: str, plan: ContextPlan, digest: str) -> ContextSeed:
    """What a state begins with: all events of a data set; nothing where it is gone."""
    folder = context.at_hand(context.folder / "snapshots" / digest)
    try:
        snapshot = open_snapshot(folder, verify=False, vault=context.vault)
    except IntegrityError as error:
        log.warning("%s: figures of earlier events begin without a data set: %s", name, error)
        return ContextSeed("", plan.state(), {}, -1)
    found = _replayed(context, name, plan, snapshot)
    return ContextSeed(digest, found.state, found.values, found.until)


def _replayed(context: Context, name: str, plan: ContextPlan, snapshot: Snapshot) -> Replay:
    task = context.task(name)
    resolution = resolve(snapshot, task.labels, task.verdicts)
    return replay(plan, snapshot.incidents(), judged_at(snapshot, resolution, plan.benign))


def _known_verdicts(context: Context, name: str, plan: ContextPlan) -> VerdictHistory | None:
    """The verdicts of the newest data set, where a figure needs them."""
    if plan.settings.delay is None:
        return None
    try:
        snapshot = newest_dataset(context, name)
    except DataError:
        return None
    task = context.task(name)
    resolution = resolve(snapshot, task.labels, task.verdicts)
    verdicts = judged_at(snapshot, resolution, plan.benign)
    return verdict_history(plan, snapshot.incidents(), verdicts)
