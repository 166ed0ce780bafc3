"""What the endpoint does, without HTTP: tasks, their models, and who answers when."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

import orjson

from sftsec_core.api.errors import ConfigError, unknown
from sftsec_core.server.error_responses import ProblemError, busy
from sftsec_core.server.model_cache import ModelCache, ModelStatus, ModelWatcher
from sftsec_core.server.schemas import Model, ScoreRequest, ScoreResponse
from sftsec_core.server.worker import QueueFullError, Worker

if TYPE_CHECKING:
    from sftsec_core.config.settings import ServeSettings
    from sftsec_core.operations.context import Context
    from sftsec_core.server.model_cache import CachedModel

_LOADING_S = 5
_QUEUE_S = 1


class Service:
    """Holds the models in service and scores batches with them.

    Attributes:
        settings: what is allowed.
    """

    def __init__(self, context: Context, settings: ServeSettings) -> None:
        """Take what is to be served; nothing is loaded yet.

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
        turn = threading.Semaphore(settings.threads)
        self._workers = {name: Worker(name, settings.queue, turn) for name in names}
        self._watch = ModelWatcher(self._caches.values())

    def start(self) -> None:
        """Begin to load the models."""
        self._watch.start()

    def stop(self) -> None:
        """Let what runs come to its end, then let go of the threads."""
        self._watch.stop()
        for worker in self._workers.values():
            worker.stop()

    def submit(self, asked: ScoreRequest) -> Future[bytes]:
        """Queue a batch; the result is the answer as JSON.

        Raises:
            ProblemError: when there is no such task, no model for it, or no room.
        """
        if asked.task not in self._caches:
            raise ProblemError(404, unknown("task", asked.task, self._caches))
        cache = self._caches[asked.task]
        _answering(asked.task, cache.view)
        try:
            return self._workers[asked.task].submit(lambda: _score(cache, asked))
        except QueueFullError:
            raise busy(
                f"{self.settings.queue} requests for this task wait already: send it again later",
                seconds=_QUEUE_S,
            ) from None

    def tasks(self) -> list[dict[str, Any]]:
        """What may be asked, and the state of it."""
        return [self._task(name, cache.view) for name, cache in self._caches.items()]

    def _task(self, name: str, view: ModelStatus) -> dict[str, Any]:
        model = view.model
        spec = model.spec if model else self._context.task_spec(name)
        return {
            "task": name,
            "status": view.status,
            "labels": list(spec.labels),
            "benign": spec.benign,
            "text_fields": list(spec.text_fields),
            "model": {"digest": model.ref.digest, "recipe": model.ref.recipe} if model else None,
            "threshold": model.answer.scorer.threshold if model else None,
            "error": view.error,
        }

    def readiness(self) -> tuple[bool, dict[str, Any]]:
        """Whether every model in service is loaded, and what may be said of it to anybody."""
        views = [cache.view for cache in self._caches.values()]
        states = {view.status for view in views}
        ready = "ready" in states and not states & {"loading", "failed"}
        word = "ready" if ready else next(s for s in ("failed", "loading", "none") if s in states)
        return ready, {"status": word, "troubles": sum(view.error is not None for view in views)}


def _answering(task: str, view: ModelStatus) -> CachedModel:
    if view.model is not None:
        return view.model
    if view.status == "none":
        raise ProblemError(
            409, f"no model is in service for {task!r}; `sftsec retrain {task}` makes one"
        )
    if view.status == "loading":
        raise busy("the model is being loaded: send it again later", seconds=_LOADING_S)
    raise busy(
        "the model in service cannot be loaded; GET /v1/tasks says why, `sftsec model rollback` "
        "puts the one before it back",
        seconds=_LOADING_S,
    )


def _score(cache: ModelCache, asked: ScoreRequest) -> bytes:
    # Taken once, now: a batch is answered by one model, the newest that there is.
    model = _answering(asked.task, cache.view)
    response = ScoreResponse(
        task=asked.task,
        model=Model(model.ref.digest, model.ref.recipe),
        threshold=model.answer.scorer.threshold,
        results=model.answer(asked.events),
    )
    return orjson.dumps(response)
