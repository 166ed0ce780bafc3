"""The threads that score a task's requests: batches of what waits, and a lane for large events."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from sftsec_core.api.errors import SftsecError
from sftsec_core.server.batch_scorer import score_together
from sftsec_core.server.drain import stopping
from sftsec_core.server.fair_queue import FairQueue
from sftsec_core.server.schemas import EventResult
from sftsec_core.server.tracing import Tracing

if TYPE_CHECKING:
    from sftsec_core.server.model_cache import ServedModel
    from sftsec_core.server.scoring_job import ScoringJob, Slice

log = logging.getLogger(__name__)


class ScoringWorker:
    """Scores a task's requests in batches.

    A request's events share batches with those of other requests. A large event is cleaned in a
    thread of its own, with steps of its own, so that it does not hold the others up; the model is
    called by one of them at a time.
    """

    def __init__(
        self,
        task: str,
        newest: Callable[[], ServedModel],
        *,
        events: int,
        wait_s: float = 0.0,
        arriving: Callable[[], bool] = lambda: False,
        tracing: Tracing | None = None,
    ) -> None:
        """Start the threads.

        Args:
            task: for the log and the threads' names.
            newest: the model that serves; what it raises is the answer.
            events: of the usual size, in a batch.
            wait_s: seconds that a batch waits for requests that arrive.
            arriving: whether there are any.
            tracing: makes a span of each batch; None makes none.
        """
        self._task = task
        self._tracing = tracing or Tracing()
        self._newest = newest
        self._events = events
        self._queue = FairQueue["Slice"](events, wait_s, arriving)
        # One event a batch: each of them takes long enough.
        self._large = FairQueue["Slice"](1)
        self._threads = [
            threading.Thread(target=self._run, args=(queue,), name=f"score {task} {name}")
            for name, queue in (("events", self._queue), ("large events", self._large))
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, job: ScoringJob) -> None:
        """Queue a request; its `response` is set in the end.

        Raises:
            ProblemError: when the worker was stopped.
        """
        try:
            for part in job.slices(self._events):
                (self._large if part.is_large else self._queue).put(part)
        except RuntimeError:
            raise stopping() from None

    def stop(self) -> None:
        """Finish what is being scored, answer what waits with 503, and end the threads."""
        for queue in (self._queue, self._large):
            for part in queue.close():
                part.job.fail(stopping())
        for thread in self._threads:
            thread.join()

    def _run(self, queue: FairQueue[Slice]) -> None:
        while batch := queue.take():
            waiting = [part for part in batch if not part.job.response.done()]
            for model, parts in self._by_model(waiting):
                self._score(model, parts)

    def _by_model(self, parts: Sequence[Slice]) -> list[tuple[ServedModel, list[Slice]]]:
        """Parts with the same model; more than one just after a swap."""
        found: dict[int, tuple[ServedModel, list[Slice]]] = {}
        for part in parts:
            try:
                model = part.job.model(self._newest)
            except Exception as error:  # noqa: BLE001 - the answer to this request
                part.job.fail(error)
            else:
                found.setdefault(id(model), (model, []))[1].append(part)
        return list(found.values())

    def _score(self, model: ServedModel, parts: Sequence[Slice]) -> None:
        scorer = model.large_scorer if parts[0].is_large else model.scorer
        events = [part.events for part in parts]
        try:
            with self._tracing.batch(
                self._task, [part.job.link for part in parts], sum(map(len, events))
            ):
                scored = score_together(scorer, self._task, events)
            for part, found in zip(parts, scored, strict=True):
                if isinstance(found, SftsecError):
                    part.job.add(part, _unscored(part, found), found)
                else:
                    part.job.add(part, found, None)
        except Exception as error:  # noqa: BLE001 - the thread must live on
            for part in parts:
                part.job.fail(error)


def _unscored(part: Slice, error: SftsecError) -> list[EventResult]:
    text = f"it cannot be scored ({type(error).__name__})"
    return [EventResult(event.id, error=text) for _, event in part.events]
