"""A request to score, cut into slices that share batches with those of other requests."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from sftsec_core.server.explain_schemas import ExplainedResult
from sftsec_core.server.schemas import (
    EventCounts,
    EventResult,
    ModelInfo,
    RefusedEvent,
    ScoreBatch,
    ScoreEvent,
    ScoreResponse,
)

if TYPE_CHECKING:
    from sftsec_core.server.model_cache import ServedModel

# Characters that cost as much as an event; most events are shorter.
_USUAL_SIZE = 2000
# Characters from which an event is large: to clean one can take as long as thousands of others.
LARGE_EVENT = 1 << 16


@dataclass(frozen=True, slots=True)
class Reasons:
    """What a request is told beside the scores.

    Attributes:
        neighbours: whether labelled incidents that are alike are named.
    """

    neighbours: bool


@dataclass(frozen=True, slots=True)
class Slice:
    """Some events of a request, which are scored at once.

    Attributes:
        job: the request.
        events: with their places in it.
        cost: in events of the usual size.
        is_large: whether it holds one large event.
    """

    job: ScoringJob
    events: Sequence[tuple[int, ScoreEvent]]
    cost: int
    is_large: bool = False

    @property
    def owner(self) -> str | None:
        """Whose request it is."""
        return self.job.owner


class ScoringJob:
    """A request, its results as they come, and its response.

    Attributes:
        owner: of the token.
        batch: the request.
        link: see `Tracing.link`.
        response: as JSON; to cancel it takes the request's slices out of the queue.
        results: of the events, in their order; None where there is none yet.
        reasons: of the results; None for scores alone.
    """

    def __init__(
        self,
        owner: str | None,
        batch: ScoreBatch,
        link: object | None = None,
        reasons: Reasons | None = None,
    ) -> None:
        """Take a request of an owner, and what links its trace to those of its batches."""
        self.link = link
        self.reasons = reasons
        self.owner = owner
        self.batch = batch
        self.response: Future[bytes] = Future()
        self._lock = threading.Lock()
        self._model: ServedModel | None = None
        self.results: list[EventResult | None] = [
            self.unscored(each.id, each.error) if isinstance(each, RefusedEvent) else None
            for each in batch.events
        ]
        self._left = self._usable = sum(each is None for each in self.results)
        self._broken = 0

    def unscored(self, given: str | int | None, error: str) -> EventResult:
        """The result of an event that has none but an error."""
        kind = EventResult if self.reasons is None else ExplainedResult
        return kind(given, error=error)

    def slices(self, bound: int) -> Iterator[Slice]:
        """Cut it: slices of at most this cost; a large event stands alone.

        A request without an event that can be read is one slice, without events.
        """
        part: list[tuple[int, ScoreEvent]] = []
        total, given = 0, False
        for number, event in enumerate(self.batch.events):
            if isinstance(event, RefusedEvent):
                continue
            given, size = True, self.batch.sizes[number] if self.batch.sizes else 0
            cost = 1 + size // _USUAL_SIZE
            if size >= LARGE_EVENT:
                yield Slice(self, [(number, event)], cost, is_large=True)
                continue
            if part and total + cost > bound:
                yield Slice(self, part, total)
                part, total = [], 0
            part.append((number, event))
            total += cost
        if part or not given:
            yield Slice(self, part, max(total, 1))

    def model(self, newest: Callable[[], ServedModel]) -> ServedModel:
        """The one model that scores all of it: the newest when its first slice is scored."""
        with self._lock:
            if self._model is None:
                self._model = newest()
            return self._model

    def add(self, part: Slice, results: Sequence[EventResult], error: Exception | None) -> None:
        """Take the results of a slice; the last one makes the response.

        Args:
            part: of this job.
            results: one for each of its events.
            error: why none of them could be scored, where it is the model's fault.
        """
        with self._lock:
            for (number, _), result in zip(part.events, results, strict=True):
                self.results[number] = result
            self._left -= len(results)
            self._broken += len(results) if error is not None else 0
            is_last = self._left == 0
            is_broken = self._usable > 0 and self._broken == self._usable
        if is_last and is_broken and error is not None:
            self.fail(error)
        elif is_last:
            made = self._to_json()
            self._answer(lambda: self.response.set_result(made))

    def fail(self, error: Exception) -> None:
        """Answer with an error, unless there is an answer."""
        self._answer(lambda: self.response.set_exception(error))

    def _answer(self, give: Callable[[], None]) -> None:
        with self._lock:
            # A client that leaves cancels it, from another thread, at any moment.
            if not self.response.done() and self.response.set_running_or_notify_cancel():
                give()

    @property
    def counts(self) -> EventCounts:
        """How many events have a label or an error, once there is a response."""
        return EventCounts.of(self._made())

    def _made(self) -> list[EventResult]:
        return [each for each in self.results if each is not None]

    def _to_json(self) -> bytes:
        model = self._model
        if model is None:
            raise AssertionError("results without a model")
        return orjson.dumps(
            ScoreResponse(
                task=self.batch.task,
                model=ModelInfo(model.ref.digest, model.ref.recipe),
                threshold=model.threshold,
                results=self._made(),
                counts=self.counts,
            )
        )
