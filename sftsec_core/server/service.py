"""The endpoint without HTTP: tasks, their models and their queues."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

import orjson

from sftsec_core.api.domain import Permission
from sftsec_core.api.errors import AuthorizationError, ConfigError, unknown
from sftsec_core.operations.authorize import authorize, authorize_some, may
from sftsec_core.operations.refusals import note_refusal
from sftsec_core.server.authentication import ORIGIN
from sftsec_core.server.batch_scorer import score_batch
from sftsec_core.server.error_responses import ProblemError, unavailable
from sftsec_core.server.model_cache import ModelCache, ModelStatus, ModelWatcher
from sftsec_core.server.schemas import EventCounts, ModelInfo, ScoreBatch, ScoreResponse
from sftsec_core.server.worker import QueueFullError, ScoringWorker

if TYPE_CHECKING:
    from sftsec_core.api.domain import Actor
    from sftsec_core.config.settings import ServeSettings
    from sftsec_core.operations.context import Context
    from sftsec_core.server.model_cache import ServedModel

_LOADING_RETRY_S = 5
_QUEUE_RETRY_S = 1


class ScoringService:
    """Scores batches with the live models.

    Attributes:
        settings: the limits.
    """

    def __init__(self, context: Context, settings: ServeSettings) -> None:
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
        self._caches = {name: ModelCache(context, name) for name in names}
        slots = threading.Semaphore(settings.threads)
        self._workers = {name: ScoringWorker(name, settings.queue, slots) for name in names}
        self._watcher = ModelWatcher(self._caches.values())

    def start(self) -> None:
        """Start to load the models."""
        self._watcher.start()

    def stop(self) -> None:
        """Finish the current requests and end the threads."""
        self._watcher.stop()
        for worker in self._workers.values():
            worker.stop()

    def submit(self, batch: ScoreBatch, who: Actor) -> Future[bytes]:
        """Queue a batch; the result is the response as JSON.

        Raises:
            AuthorizationError: when they may not score events of the task.
            ProblemError: when there is no such task, no model for it, or its queue is full.
        """
        authorize(who, Permission.SCORE_EVENTS, batch.task)
        if batch.task not in self._caches:
            raise ProblemError(404, unknown("task", batch.task, self._caches))
        cache = self._caches[batch.task]
        _served_model(batch.task, cache.status)
        try:
            return self._workers[batch.task].submit(lambda: _score(cache, batch))
        except QueueFullError:
            raise unavailable(
                f"{self.settings.queue} requests for this task are waiting: send it again later",
                seconds=_QUEUE_RETRY_S,
            ) from None

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
        state = "ready" if ready else next(s for s in ("failed", "loading", "none") if s in states)
        errors = sum(status.error is not None for status in statuses)
        return ready, {"status": state, "errors": errors}


def _served_model(task: str, status: ModelStatus) -> ServedModel:
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


def _score(cache: ModelCache, batch: ScoreBatch) -> bytes:
    # Read once, now: one model scores the whole batch, the newest that is loaded.
    model = _served_model(batch.task, cache.status)
    results = score_batch(model.scorer, batch)
    response = ScoreResponse(
        task=batch.task,
        model=ModelInfo(model.ref.digest, model.ref.recipe),
        threshold=model.scorer.threshold,
        results=results,
        counts=EventCounts.of(results),
    )
    return orjson.dumps(response)
