"""The threads that score a task's requests: batches of what waits, large events, and reasons."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from sftsec_core.api.errors import SftsecError
from sftsec_core.server.batch_scorer import score_together
from sftsec_core.server.drain import stopping
from sftsec_core.server.error_responses import ProblemError
from sftsec_core.server.fair_queue import FairQueue
from sftsec_core.server.schemas import EventResult
from sftsec_core.server.tracing import Tracing

if TYPE_CHECKING:
    from sftsec_core.server.batch_scorer import ScoresEvents
    from sftsec_core.server.model_cache import ServedModel
    from sftsec_core.server.scoring_job import ScoringJob, Slice

log = logging.getLogger(__name__)
# Events that are explained at once: of each the model is asked about some thirty variants.
EXPLAINED_AT_ONCE = 16
NO_EXPLAINER = "no enabled plugin says why: add `explain` to `plugins` of sftsec.yaml, then restart"


class ScoringWorker:
    """Scores a task's requests in batches.

    A request's events share batches with those of other requests. A large event is cleaned in a
    thread of its own, with steps of its own, so that it does not hold the others up; the model is
    called by one of them at a time. Requests that ask why have a thread of their own, too.
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
        self._explained = FairQueue["Slice"](EXPLAINED_AT_ONCE)
        self._queues = {
            "events": self._queue,
            "large events": self._large,
            "reasons": self._explained,
        }
        self._threads = [
            threading.Thread(target=self._run, args=(queue,), name=f"score {task} {name}")
            for name, queue in self._queues.items()
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, job: ScoringJob) -> None:
        """Queue a request; its `response` is set in the end.

        Raises:
            ProblemError: when the worker was stopped.
        """
        try:
            if job.reasons is not None:
                for part in job.slices(min(self._events, EXPLAINED_AT_ONCE)):
                    self._explained.put(part)
                return
            for part in job.slices(self._events):
                (self._large if part.is_large else self._queue).put(part)
        except RuntimeError:
            raise stopping() from None

    def stop(self) -> None:
        """Finish what is being scored, answer what waits with 503, and end the threads."""
        for queue in self._queues.values():
            for part in queue.close():
                part.job.fail(stopping())
        for thread in self._threads:
            thread.join()

    def _run(self, queue: FairQueue[Slice]) -> None:
        while batch := queue.take():
            waiting = [part for part in batch if not part.job.response.done()]
            for model, parts in self._alike(waiting):
                self._score(model, parts)

    def _alike(self, parts: Sequence[Slice]) -> list[tuple[ServedModel, list[Slice]]]:
        """Parts with the same model, which differ just after a swap, and the same reasons."""
        found: dict[object, tuple[ServedModel, list[Slice]]] = {}
        for part in parts:
            try:
                model = part.job.model(self._newest)
            except Exception as error:  # noqa: BLE001 - the answer to this request
                part.job.fail(error)
            else:
                found.setdefault((id(model), part.job.reasons), (model, []))[1].append(part)
        return list(found.values())

    def _score(self, model: ServedModel, parts: Sequence[Slice]) -> None:
        events = [part.events for part in parts]
        try:
            scorer = _scorer_of(model, parts[0])
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


def _scorer_of(model: ServedModel, part: Slice) -> ScoresEvents:
    """What scores a slice.

    Raises:
        ProblemError: when reasons are wanted, and no enabled plugin gives any.
    """
    reasons = part.job.reasons
    if reasons is None:
        return model.large_scorer if part.is_large else model.scorer
    if model.explainer is None:
        raise ProblemError(409, NO_EXPLAINER)
    return model.explainer if reasons.neighbours else model.explainer.without_neighbours()


def _unscored(part: Slice, error: SftsecError) -> list[EventResult]:
    text = f"it cannot be scored ({type(error).__name__})"
    return [part.job.unscored(event.id, text) for _, event in part.events]
