"""Scoring: unlabelled incidents in, detections out, each exactly once."""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sftsec_core.api.errors import ConnectorUnavailableError, NoLiveModelError, PluginError
from sftsec_core.api.settings.choice import Choice
from sftsec_core.api.settings.task import TaskSettings
from sftsec_core.dataset.features import renderer
from sftsec_core.dataset.steps import build_steps
from sftsec_core.dataset.values import trim_incident
from sftsec_core.operations.ingesting import fields_of, window_of
from sftsec_core.operations.progress import Listener, Silent
from sftsec_core.operations.running import Run, running
from sftsec_core.registry.registry import LIVE
from sftsec_core.scoring.delivery import DeliveryCounts, deliver
from sftsec_core.scoring.outbox_writer import ScoreCounts, ScoreJob, score_to_outbox
from sftsec_core.scoring.scorer import Scorer
from sftsec_core.scoring.suppression import suppressor

if TYPE_CHECKING:
    from sftsec_core.api.domain import ModelRef
    from sftsec_core.operations.context import Context
    from sftsec_core.registry.registry import LoadedModel


log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ScoreResult:
    """What a scoring run came to.

    Attributes:
        model: digest of the model that scored.
        scored: what was pulled and judged.
        delivered: what became of the detections.
    """

    run: str
    model: str
    scored: ScoreCounts
    delivered: DeliveryCounts

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "run": self.run,
            "model": self.model,
            **self.scored.as_dict(),
            "delivered": asdict(self.delivered),
        }


def score(
    context: Context, name: str, *, rescan: bool = False, listener: Listener | None = None
) -> ScoreResult:
    """Score what came in since the last call, and push what is held for an attack.

    Killed at any point, the same call goes on: a page's detections and the cursor behind it are
    one transaction, and what was pushed already is a duplicate to the connector.

    Args:
        context: the configuration with what it names.
        name: the task.
        rescan: score everything in the window again, also what was scored before.
        listener: who wants to know how it goes.

    Raises:
        NoLiveModelError: when the task has no model in service.
        IntegrityError: when the model in service is not the one that was registered.
        ConnectorUnavailableError: when the other side was lost; the next call goes on.
    """
    live = live_model(context, name)
    with running(context, "score", name, listener or Silent()) as run:
        loaded = context.registry.load(live)
        try:
            scored = _score(run, loaded, rescan=rescan)
        except ConnectorUnavailableError:
            # The source was lost; what was scored before need not wait for it.
            _deliver(run)
            raise
        delivered = _deliver(run)
    return ScoreResult(run.info.id, live.digest, scored, delivered)


def live_model(context: Context, name: str) -> ModelRef:
    """The model in service for a task.

    Raises:
        NotFoundError: when there is no such task.
        NoLiveModelError: when it has no model in service.
    """
    context.task(name)
    live = context.registry.live(name)
    if live is None:
        raise NoLiveModelError(
            f"{name}@{LIVE}: no model is in service; `sftsec retrain {name}` makes one, "
            f"`sftsec model list {name}` shows those that wait"
        )
    return live


def scorer_of(context: Context, name: str, loaded: LoadedModel) -> tuple[Scorer, TaskSettings]:
    """What scores a task's incidents, and the task as the model knows it.

    They are cleaned and rendered as the model was trained, whatever the configuration says by now.
    """
    serving = loaded.serving
    _require_plugins(context, loaded)
    render = None if serving.render is None else Choice.model_validate(serving.render)
    trained = context.task(name).model_copy(
        update={"steps": dict(serving.steps), "text": serving.task.text_fields}
    )
    steps = build_steps(trained, context.plugins, context.step_context(name))
    fields = fields_of(trained)
    scorer = Scorer.of(
        loaded,
        steps=lambda incidents: [trim_incident(one, fields) for one in steps(incidents)],
        render=renderer(serving.task, render, context.plugins),
        suppress=suppressor(trained.suppress, context.plugins),
    )
    return scorer, trained


def _require_plugins(context: Context, loaded: LoadedModel) -> None:
    """Refuse to score without what a model was trained with.

    Raises:
        PluginError: naming the plugins that are not enabled.
    """
    enabled = context.plugins.versions()
    absent = [name for name in loaded.serving.plugins if name not in enabled]
    if absent:
        raise PluginError(
            f"model {loaded.ref.digest[:12]} was trained with the plugin "
            f"{', '.join(sorted(absent))}: enable it in `plugins`, or retrain"
        )
    for name, version in loaded.serving.plugins.items():
        if enabled[name] != version:
            log.warning(
                "model %s was trained with %s %s, now it is %s",
                loaded.ref.digest[:12], name, version, enabled[name],
            )  # fmt: skip


def _score(run: Run, loaded: LoadedModel, *, rescan: bool) -> ScoreCounts:
    context, task = run.context, run.task
    scorer, trained = scorer_of(context, run.spec.name, loaded)
    job = ScoreJob(
        task=run.spec.name,
        source=task.connector,
        destination=_destination(task),
        window=window_of(trained, run.info.started_at, labelled=False),
        run_id=run.info.id,
        rescan=rescan,
    )
    run.listener.stage("score", f"with {loaded.ref.digest[:12]} ({loaded.ref.recipe})")
    with context.connector(task.connector) as connector:
        counts = score_to_outbox(
            context.store,
            connector,
            scorer,
            job,
            on_page=lambda so_far: run.listener.advance(so_far.pulled),
        )
    run.listener.note(f"{'':<10} {counts.scored:,} scored, {counts.detections:,} detections")
    return counts


def _deliver(run: Run) -> DeliveryCounts:
    context, name = run.context, _destination(run.task)
    run.listener.stage("push", f"to {name}")
    with context.connector(name) as connector:
        counts = deliver(
            context.store,
            connector,
            name,
            run_id=run.info.id,
            on_receipt=context.plugins.detections_pushed,
        )
    run.listener.note(
        f"{'':<10} {counts.written:,} written, {counts.duplicates:,} there already, "
        f"{counts.rejected:,} rejected, {counts.pending:,} pending"
    )
    if counts.unavailable:
        raise ConnectorUnavailableError(
            f"{counts.unavailable}; {counts.pending:,} detections wait in the outbox, "
            "run the same command again",
            connector=name,
        )
    return counts


def _destination(task: TaskSettings) -> str:
    return task.push_to or task.connector
