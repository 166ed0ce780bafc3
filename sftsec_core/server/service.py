"""The endpoint without HTTP: tasks, their models and their queues."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from sftsec_core.api.domain import Permission
from sftsec_core.api.errors import AuthorizationError, ConfigError, unknown
from sftsec_core.operations.authorize import authorize, authorize_some, may
from sftsec_core.operations.measure_state import measure_state
from sftsec_core.operations.refusals import note_refusal
from sftsec_core.server.admission import Admission
from sftsec_core.server.authentication import ORIGIN
from sftsec_core.server.drain import Drain
from sftsec_core.server.drift_sampler import DriftSampler
from sftsec_core.server.error_responses import ProblemError, unavailable
from sftsec_core.server.metrics import ServiceMetrics
from sftsec_core.server.model_cache import ModelCache, ModelStatus, ModelWatcher
from sftsec_core.server.rate_limit import RateLimiter
from sftsec_core.server.scoring_job import Reasons, ScoringJob
from sftsec_core.server.state_service import StateService
from sftsec_core.server.tracing import Tracing
from sftsec_core.server.worker import NO_EXPLAINER, ScoringWorker

if TYPE_CHECKING:
    from sftsec_core.api.domain import Actor
    from sftsec_core.config.serve import ServeSettings
    from sftsec_core.operations.context import Context
    from sftsec_core.server.label_service import LabelService
    from sftsec_core.server.model_cache import ServedModel
    from sftsec_core.server.schemas import ScoreBatch

_LOADING_RETRY_S = 5


class ScoringService:
    """Scores batches with the live models.

    Attributes:
        settings: the limits.
        admission: the places for requests.
        drain: whether the server is stopping.
        requests: how many a token may send.
        events: how many a token may send.
        metrics: what is counted.
    """

    def __init__(
        self, context: Context, settings: ServeSettings, tracing: Tracing | None = None
    ) -> None:
        """Set up caches and queues; no model is loaded yet.

        Raises:
            ConfigError: when there is no task.
            StoreError: when the store cannot be opened.
        """
        names = settings.tasks or tuple(context.settings.tasks)
        if not names:
            raise ConfigError("there is no task to score", file=context.file, path="tasks")
        # Opened here: a store that cannot be opened ends the command, not a thread.
        context.registry  # noqa: B018 - a cached property
        self.settings = settings
        self._context = context
        self._tracing = tracing or Tracing()
        slots = threading.Semaphore(settings.threads)
        self._drift = DriftSampler(context.store)
        self._caches = {
            name: ModelCache(context, name, slots=slots, tracing=self._tracing, drift=self._drift)
            for name in names
        }
        self.admission = Admission(
            settings.queue, settings.max_requests_per_token, settings.queue_bytes
        )
        self.drain = Drain(settings.drain.total_seconds(), lambda: self.admission.in_hand)
        self.requests = RateLimiter(settings.rate, "requests")
        self.events = RateLimiter(settings.event_rate, "events")
        self._workers: dict[str, ScoringWorker] = {}
        self.metrics = ServiceMetrics(
            list(names), lambda: self.admission.in_hand, lambda: measure_state(context)
        )
        self._watcher = ModelWatcher(self._caches.values())

    def start(self) -> None:
        """Start to load the models, and the threads that score."""
        self._workers = {name: self._worker(cache) for name, cache in self._caches.items()}
        self._watcher.start()
        self._drift.start()

    def stop(self) -> None:
        """Finish the current requests and end the threads."""
        self._watcher.stop()
        for worker in self._workers.values():
            worker.stop()
        self._drift.stop()

    def admit(self, owner: str | None) -> None:
        """Let a request pass, by its token's owner; None for one without a token.

        Raises:
            ProblemError: 503 while the server stops, 429 past the owner's rate.
        """
        self.drain.check()
        if owner is not None:
            self.requests.check(owner)
            self.requests.take(owner, 1)

    def submit(self, batch: ScoreBatch, who: Actor, *, why: bool = False) -> Future[bytes]:
        """Queue a batch of a token's owner; the result is the response as JSON.

        Args:
            batch: the events.
            who: the owner; alike incidents are named to those who may read the task.
            why: whether each result says why.

        Raises:
            AuthorizationError: when they may not score events of the task.
            ProblemError: when there is no such task or no model for it.
        """
        authorize(who, Permission.SCORE_EVENTS, batch.task)
        if batch.task not in self._caches:
            raise ProblemError(404, unknown("task", batch.task, self._caches))
        model = _served_model(self._caches[batch.task])
        if why and model.explainer is None:
            raise ProblemError(409, NO_EXPLAINER)
        reasons = Reasons(may(who, Permission.READ, batch.task)) if why else None
        started = time.perf_counter()
        job = ScoringJob(who.name, batch, self._tracing.link(), reasons)
        if not why:  # what is asked about again is not counted again
            job.response.add_done_callback(lambda done: self._count(job, done, started))
        self._workers[batch.task].submit(job)
        return job.response

    def _count(self, job: ScoringJob, done: Future[bytes], started: float) -> None:
        if done.cancelled() or done.exception() is not None:
            return
        task, counts = job.batch.task, job.counts
        alerts = sum(each.detection for each in job.results if each is not None)
        self.metrics.count_scored(task, counts.scored, counts.failed, alerts)
        self.metrics.time_scored(task, time.perf_counter() - started)

    def _worker(self, cache: ModelCache) -> ScoringWorker:
        return ScoringWorker(
            cache.task,
            lambda: _served_model(cache),
            events=self.settings.batch_events,
            wait_s=self.settings.batch_wait.total_seconds(),
            arriving=lambda: self.admission.arriving > 0,
            tracing=self._tracing,
        )

    def tasks(self, who: Actor) -> list[dict[str, Any]]:
        """The tasks that they may see or score, with their state.

        Raises:
            AuthorizationError: when there is no such task.
        """
        seeing = (Permission.SCORE_EVENTS, Permission.READ)
        if not any(may(who, each, name) for each in seeing for name in self._caches):
            authorize_some(who, Permission.SCORE_EVENTS)
        return [
            self._task(name, cache.status)
            for name, cache in self._caches.items()
            if any(may(who, each, name) for each in seeing)
        ]

    def state(self, labels: LabelService) -> StateService:
        """What the store holds, and who writes verdicts."""
        return StateService(self._context, labels)

    def names(self) -> list[str]:
        """The names of the tasks."""
        return list(self._caches)

    def acting_as(self, who: Actor) -> Context:
        """The context for another actor."""
        return self._context.acting_as(who)

    def note_refusal(self, error: AuthorizationError) -> None:
        """Write a refusal to the audit log; it may block."""
        note_refusal(self._context, error, origin=ORIGIN)

    def _task(self, name: str, status: ModelStatus) -> dict[str, Any]:
        model = status.model
        spec = model.spec if model else self._context.task_spec(name)
        return {
            "task": name,
            "status": status.state,
            "labels": list(spec.labels),
            "benign": spec.benign,
            "text_fields": list(spec.text_fields),
            "model": {"digest": model.ref.digest, "recipe": model.ref.recipe} if model else None,
            "threshold": model.scorer.threshold if model else None,
            "error": status.error,
        }

    def readiness(self) -> tuple[bool, dict[str, Any]]:
        """Whether every live model is loaded, with what a client without a token may know."""
        statuses = [cache.status for cache in self._caches.values()]
        states = {status.state for status in statuses}
        ready = "ready" in states and not states & {"loading", "failed"}
        if self.drain.has_begun:
            return False, {"status": "draining", "errors": 0}
        state = "ready" if ready else next(s for s in ("failed", "loading", "none") if s in states)
        errors = sum(status.error is not None for status in statuses)
        return ready, {"status": state, "errors": errors}


def _served_model(cache: ModelCache) -> ServedModel:
    task, status = cache.task, cache.status
    if status.model is not None:
        return status.model
    if status.state == "none":
        raise ProblemError(
            409, f"task {task!r} has no live model; `sftsec retrain {task}` trains one"
        )
    if status.state == "loading":
        raise unavailable(
            "the model is being loaded: send it again later", seconds=_LOADING_RETRY_S
        )
    raise unavailable(
        "the live model cannot be loaded; GET /v1/tasks gives the cause, `sftsec model rollback` "
        "restores the previous one",
        seconds=_LOADING_RETRY_S,
    )
