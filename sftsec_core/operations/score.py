"""Scoring: unlabelled incidents in, detections out, each exactly once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import reduce
from typing import TYPE_CHECKING, Any

from sftsec_core.api.domain import BatchPushed, Message, Permission
from sftsec_core.api.errors import (
    ConnectorError,
    ConnectorUnavailableError,
    NoLiveModelError,
    PluginError,
)
from sftsec_core.api.settings.choice import Choice
from sftsec_core.api.settings.task import TaskSettings
from sftsec_core.dataset.features import field_kinds, renderer
from sftsec_core.dataset.reading import reading_digest
from sftsec_core.dataset.steps import build_steps, step_context
from sftsec_core.dataset.sums import DELIVERY, check_sums
from sftsec_core.dataset.values import trim_incident
from sftsec_core.evaluation.unread import unread_line
from sftsec_core.operations.asking import requester
from sftsec_core.operations.authorize import authorize
from sftsec_core.operations.drift_reference import drift_counter
from sftsec_core.operations.explaining import explainer_of
from sftsec_core.operations.left_out import left_out
from sftsec_core.operations.outdated_models import check_in_time
from sftsec_core.operations.pulling import (
    bounded,
    collected_errors,
    joined_error,
    named_errors,
    window_of,
)
from sftsec_core.operations.running import Run, running
from sftsec_core.operations.score_files import remembered_scores
from sftsec_core.operations.scoring_device import scoring_device, scoring_run
from sftsec_core.operations.trained_task import trained_task
from sftsec_core.registry.registry import LIVE
from sftsec_core.scoring.delivery import DeliveryCounts, deliver
from sftsec_core.scoring.outbox_writer import ScoreCounts, ScoreJob, score_to_outbox
from sftsec_core.scoring.recall_sample import RecallSample
from sftsec_core.scoring.scorer import Scorer
from sftsec_core.scoring.suppression import suppressor

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sftsec_core.api.domain import ModelRef, PushReceipt
    from sftsec_core.operations.context import Context
    from sftsec_core.registry.registry import LoadedModel
    from sftsec_core.scoring.event_figures import EventFigures
    from sftsec_core.scoring.score_cache import ScoreCache


log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ScoreResult:
    """The result of a scoring run.

    Attributes:
        model: digest of the model that scored.
        scored: what was pulled and scored, of each connector of the task.
        delivered: all that the outbox held by what each destination did with it, detections that
            earlier runs had left there too.
        alerts: this run's alerts by what has become of them, as `DELIVERY` adds them up.
    """

    run: str
    model: str
    scored: ScoreCounts
    delivered: DeliveryCounts
    alerts: Mapping[str, int]
    by_source: Mapping[str, ScoreCounts] = field(default_factory=dict)
    by_destination: Mapping[str, DeliveryCounts] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "run": self.run,
            "model": self.model,
            **self.scored.as_dict(),
            "alerts_by_outcome": dict(self.alerts),
            "delivered": asdict(self.delivered),
            **by_connector(self.by_source, self.by_destination),
        }


def by_connector(
    sources: Mapping[str, ScoreCounts], destinations: Mapping[str, DeliveryCounts]
) -> dict[str, Any]:
    """The counts of each source and each destination, where a task has several sources."""
    if len(sources) < 2:
        return {}
    return {
        "sources": {name: counts.as_dict() for name, counts in sources.items()},
        "destinations": {name: asdict(counts) for name, counts in destinations.items()},
    }


def score(context: Context, name: str, *, rescan: bool = False) -> ScoreResult:
    """Score incidents that came in since the last call, and push those flagged as malicious.

    Killed at any point, the next call resumes: a page's detections and the cursor after it are
    one transaction, and what was pushed already is a duplicate to the connector. Of several
    connectors each has its cursor and its rows of the outbox: one that is lost ends the run, after
    the others were scored and delivered to.

    Args:
        context: settings, store, registry, actor and event stream.
        name: the task.
        rescan: score everything in the window again, also what was scored before.

    Raises:
        NoLiveModelError: when the task has no live model.
        IntegrityError: when the live model is not the one that was registered.
        ConnectorUnavailableError: when the connection was lost; the next call resumes.
        TrainingInterruptedError: when the GPU was lost, or none became free; the next call resumes.
    """
    authorize(context.actor, Permission.SCORE, name)
    live = live_model(context, name)
    with running(context, "score", name) as run:
        resumed = sum(context.store.outbox.of_run(run.info.id).values())
        failures: list[ConnectorError] = []
        by_source: dict[str, ScoreCounts] = {}
        with scoring_device(scoring_run(run), live.recipe) as check:
            loaded = context.registry.load(live)
            with remembered_scores(context, loaded) as known:
                for source in run.task.connectors:
                    with collected_errors(failures), named_errors(run.task, source):
                        by_source[source] = _score(run, loaded, source, known, check, rescan=rescan)
        # A source was lost? What was scored before need not wait for it.
        by_destination = deliver_pending(run, failures)
        scored = reduce(ScoreCounts.plus, by_source.values())
        alerts = _alerts(run, scored, resumed)
    delivered = reduce(DeliveryCounts.plus, by_destination.values())
    return ScoreResult(
        run.info.id, live.digest, scored, delivered, alerts, by_source, by_destination
    )


def live_model(context: Context, name: str) -> ModelRef:
    """The live model of a task.

    Raises:
        NotFoundError: when there is no such task.
        NoLiveModelError: when it has no live model.
        GateRefusedError: when it learned from what was forgotten, and had to be replaced by now.
    """
    context.task(name)
    live = context.registry.live(name)
    if live is None:
        raise NoLiveModelError(f"{name}@{LIVE}: there is no live model; {_why_none(context, name)}")
    check_in_time(context, live)
    return live


def _why_none(context: Context, name: str) -> str:
    """What to do about it; a database that lost its models is told from a new site."""
    folders = len(context.registry.folders())
    if folders and not context.store.models.list(None):
        return (
            f"the database knows no model, though {folders:,} lie in the state folder: was it "
            "emptied or replaced? Restore it, or train again"
        )
    return f"`sftsec retrain {name}` trains one, `sftsec model list {name}` shows the candidates"


def scorer_of(
    context: Context, name: str, loaded: LoadedModel, explain: Choice | None = None
) -> tuple[Scorer, TaskSettings]:
    """What scores a task's incidents, and the task as the model knows it.

    They are cleaned and rendered as the model was trained, whatever the configuration says now.
    `explain` says why in the place of the task's own explainer.
    """
    serving = loaded.serving
    _require_plugins(context, loaded)
    chosen = None if serving.render is None else Choice.model_validate(serving.render)
    trained = trained_task(context.task(name), loaded)
    steps = build_steps(trained, context.plugins, step_context(trained, context.salt))
    fields = field_kinds(serving.task, trained.fields)
    render = renderer(serving.task, chosen, context.plugins)
    scorer = Scorer.of(
        loaded,
        steps=lambda incidents: [trim_incident(one, fields) for one in steps(incidents)],
        render=render,
        take_rejected=steps.take_rejected,
        suppress=suppressor(trained.suppress, context.plugins),
        explain=explainer_of(context, name, explain or trained.explain, loaded, render),
        figures=_figures(context, name, loaded),
        reading=reading_digest(
            serving.task,
            steps=steps.settings,
            render=chosen,
            plugins=context.plugins.versions(),
            salt=context.salt,
        ),
    )
    return scorer, trained


def _figures(context: Context, name: str, loaded: LoadedModel) -> EventFigures | None:
    """What gives a model the figures of earlier events that it reads; of most models nothing."""
    if not loaded.serving.task.context:
        return None
    from sftsec_core.operations.event_context import scoring_figures

    return scoring_figures(context, name, loaded)


def _require_plugins(context: Context, loaded: LoadedModel) -> None:
    """Refuse to score without what a model was trained with.

    Raises:
        PluginError: naming the plugins that are not enabled.
    """
    enabled = context.plugins.versions()
    if absent := [name for name in loaded.serving.plugins if name not in enabled]:
        raise PluginError(
            f"model {loaded.ref.digest[:12]} was trained with the plugin "
            f"{', '.join(sorted(absent))}: enable it in `plugins`, or retrain"
        )
    for name, version in loaded.serving.plugins.items():
        if enabled[name] != version:
            told = loaded.ref.digest[:12], name, version, enabled[name]
            log.warning("model %s was trained with %s %s, now it is %s", *told)


def _scorer(
    run: Run, loaded: LoadedModel, source: str, *, rescan: bool
) -> tuple[Scorer, TaskSettings]:
    """What scores the incidents of one source, and the task as the model knows it."""
    context, task = run.context, run.task
    scorer, trained = scorer_of(context, run.spec.name, loaded)
    counter = drift_counter(context, loaded.ref)
    sample = RecallSample(task.recall_sample, context.salt)
    scorer = replace(scorer, drift=counter, recall_sample=sample)
    if scorer.figures is not None:
        scorer.figures.keeps, scorer.figures.again = True, rescan
        scorer.figures.source = source if len(task.connectors) > 1 else ""
    if task.destination(source) != source and source != task.connectors[0]:
        # Two connectors may have an incident of one uid: there its detections must not meet. Those
        # of the first keep the uids that they had before there was a second.
        scorer = replace(scorer, connector=source)
    return scorer, trained


def _score(
    run: Run,
    loaded: LoadedModel,
    source: str,
    known: ScoreCache,
    check: Callable[[], None],
    *,
    rescan: bool,
) -> ScoreCounts:
    context, task = run.context, run.task
    scorer, trained = _scorer(run, loaded, source, rescan=rescan)
    scorer = replace(scorer, known=known, forgotten=left_out(context))
    job = ScoreJob(
        task=run.spec.name,
        source=source,
        destination=task.destination(source),
        window=window_of(context, trained, source, run.info.started_at, labelled=False),
        run_id=run.info.id,
        rescan=rescan,
    )
    detail = f"{_of_several(task, source)}{_with(loaded)}{bounded(context, task, source)}"
    with run.stage("score", detail) as stage, context.connector(source) as connector:

        def on_page(so_far: ScoreCounts) -> None:
            stage.progress(so_far.pulled)
            check()

        counts = score_to_outbox(
            context.store,
            connector,
            scorer,
            job,
            on_page=on_page,
            request_labels=requester(context, run.spec.name, source, connector),
        )
        stage.counts |= counts.shown()
        if forgotten := scorer.forgotten.left_out.total():
            stage.counts["forgotten"] = forgotten
    if counts.unexplained:
        text = f"{counts.unexplained:,} detections have no reason: the explainer failed on them"
        run.emit(Message(text=text, level="warning"))
    if counts.cut:
        text = unread_line(counts.cut, counts.scored, counts.cut_characters, "incidents")
        run.emit(Message(text=f"{loaded.ref.recipe}: {text}", level="warning"))
    return counts


def _with(loaded: LoadedModel) -> str:
    return f"with {loaded.ref.digest[:12]} ({loaded.ref.recipe})"


def _of_several(task: TaskSettings, source: str) -> str:
    return f"{source} " if len(task.connectors) > 1 else ""


def deliver_pending(run: Run, failures: Sequence[ConnectorError] = ()) -> dict[str, DeliveryCounts]:
    """Push what waits in the outbox for the task's destinations, to each whatever another does.

    Args:
        run: the run that delivers.
        failures: of connectors, so far.

    Returns:
        A destination's name to its counts.

    Raises:
        ConnectorUnavailableError: when the connection was lost; the rest waits in the outbox.
        ConnectorError: of `failures` too, once every destination was delivered to.
    """
    _warn_of_stranded(run)
    failed, delivered = list(failures), dict[str, DeliveryCounts]()
    for name in run.task.destinations:
        with collected_errors(failed), named_errors(run.task, name):
            delivered[name] = _deliver(run, name)
    if failed:
        raise joined_error(failed)
    return delivered


def _warn_of_stranded(run: Run) -> None:
    """Say what waits for a connector that the task no longer delivers to: no one pushes it."""
    stranded = run.context.store.outbox.stranded(run.spec.name, run.task.destinations)
    for name, count in stranded.items():
        wait = "1 detection waits" if count == 1 else f"{count:,} detections wait"
        text = (
            f"{wait} for {name!r}, where the task delivers no more: name it in `connector` or "
            "`push_to` again to deliver what waits; or `--rescan` raises what the live model "
            "still finds, where the task delivers now"
        )
        run.emit(Message(text=text, level="warning"))


def _deliver(run: Run, name: str) -> DeliveryCounts:
    """Push what waits in the outbox for one destination."""
    context = run.context
    with run.stage("push", f"to {name}") as stage, context.connector(name) as connector:
        counts = deliver(
            context.store,
            connector,
            name,
            run_id=run.info.id,
            on_receipt=lambda connector, receipt: _tell_pushed(run, connector, receipt),
        )
        stage.counts |= {
            "written": counts.written,
            "duplicates": counts.duplicates,
            "rejected": counts.rejected,
            "pending": counts.pending,
        }
    if counts.unavailable:
        raise ConnectorUnavailableError(
            f"{counts.unavailable}; {counts.pending:,} detections wait in the outbox, "
            "run the same command again",
            connector=name,
        )
    return counts


def _alerts(run: Run, scored: ScoreCounts, resumed: int) -> dict[str, int]:
    """What has become of the run's alerts; `resumed` were in the outbox when it was resumed.

    Read from the outbox, since another run that pushes to the same connector may have taken some.

    Raises:
        IntegrityError: when the counts do not add up.
    """
    alerts = {
        "alerts": scored.alerts,
        "resumed": resumed,
        "suppressed": scored.suppressed,
        "in_outbox": scored.in_outbox,
        **run.context.store.outbox.of_run(run.info.id),
    }
    check_sums("the alerts", alerts, [DELIVERY])
    return alerts


def _tell_pushed(run: Run, connector: str, receipt: PushReceipt) -> None:
    run.emit(
        BatchPushed(
            connector=connector,
            written=len(receipt.written),
            duplicates=len(receipt.duplicates),
            rejected=len(receipt.rejected),
        )
    )
