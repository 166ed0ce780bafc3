"""The live models in memory, replaced when the alias `live` moves.

A new model is loaded and verified while the old one serves. One that cannot be loaded leaves the
old one in place; the error is logged, and shown by /v1/tasks as long as it lasts. One that learned
from incidents that were forgotten stops serving when its time is over.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Literal

from sftsec_core.api.errors import SftsecError
from sftsec_core.operations.drift_reference import drift_counter
from sftsec_core.operations.explaining import known_explainer
from sftsec_core.operations.outdated_models import outdated_models
from sftsec_core.operations.score import scorer_of
from sftsec_core.operations.score_files import known_scores
from sftsec_core.scoring.explaining import DecisionExplainer
from sftsec_core.scoring.neighbours import NearestExamples
from sftsec_core.server.batch_scorer import BatchScorer, warm_up
from sftsec_core.server.event_explainer import EventExplainer
from sftsec_core.server.tracing import Tracing

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from sftsec_core.api.contracts import TrainedModel
    from sftsec_core.api.domain import Batch, ModelRef, TaskSpec
    from sftsec_core.operations.context import Context
    from sftsec_core.registry.registry import LoadedModel
    from sftsec_core.server.drift_sampler import DriftSampler

REFRESH_INTERVAL_S = 1.0
# A damaged model is seldom repaired, and to verify a large one takes seconds of CPU.
RETRY_INTERVAL_S = 60.0
_SHORT_DIGEST = 12
log = logging.getLogger(__name__)
State = Literal["loading", "ready", "none", "failed"]


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A model in memory.

    Attributes:
        ref: names it.
        spec: of its task.
        scorer: of one thread.
        large_scorer: of another thread: the same model with steps and a renderer of its own.
        explainer: of a third one, likewise; None where no enabled plugin says why.
    """

    ref: ModelRef
    spec: TaskSpec
    scorer: BatchScorer
    large_scorer: BatchScorer
    explainer: EventExplainer | None = None

    @property
    def threshold(self) -> float:
        """The least probability of a detection."""
        return self.scorer.threshold


@dataclass(slots=True)
class _InTurn:
    """A model that one thread calls at a time; `slots` bounds the models that compute at once.

    Attributes:
        sole: the model itself, for an explainer, which holds the turn.
    """

    sole: TrainedModel
    digest: str
    slots: threading.Semaphore
    tracing: Tracing
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _holder: int | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(self.sole.labels)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Be the one thread that may call the model; one that is may ask for it again."""
        me = threading.get_ident()
        if self._holder == me:
            yield
            return
        with self._lock, self.slots:
            self._holder = me
            try:
                yield
            finally:
                self._holder = None

    def predict_proba(self, batch: Batch) -> NDArray[np.float64]:
        with self.turn(), self.tracing.model(self.digest, len(batch)):
            return self.sole.predict_proba(batch)

    def save(self, folder: Path) -> None:
        self.sole.save(folder)


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """The state of a task's model; replaced as a whole, so that readers need no lock.

    Attributes:
        model: that serves.
        error: why the newest model does not serve, or why the store cannot be read.
        checked: whether the store was read at least once.
    """

    model: ServedModel | None = None
    error: str | None = None
    checked: bool = False

    @property
    def state(self) -> State:
        """The state as one word."""
        if self.model is not None:
            return "ready"
        if self.error is not None:
            return "failed"
        return "none" if self.checked else "loading"


class ModelCache:
    """The model of one task; one thread calls `refresh`, any thread reads `status`."""

    def __init__(
        self,
        context: Context,
        task: str,
        clock: Callable[[], float] = time.monotonic,
        slots: threading.Semaphore | None = None,
        tracing: Tracing | None = None,
        drift: DriftSampler | None = None,
    ) -> None:
        """Take where the model is.

        Args:
            context: with the registry.
            task: whose model it is.
            clock: seconds; only their differences count.
            slots: shared by all caches; as many models compute at once. None: this one alone.
            tracing: makes a span of each call of a model; None makes none.
            drift: counts what is scored; None counts nothing.
        """
        self._drift = drift
        self._tracing = tracing or Tracing()
        self.task = task
        self._slots = slots or threading.Semaphore()
        self.status = ModelStatus()
        self._context = context
        self._clock = clock
        self._failed: tuple[str, float] | None = None

    def refresh(self) -> None:
        """Load the live model if it is another one; never raises."""
        try:
            self._context.store.moving.check_in_place()
            live = self._context.registry.live(self.task)
            late = live and outdated_models(self._context).get(live.digest)
        except Exception as error:  # noqa: BLE001 - whatever the store has, the old model serves
            self._report_error(f"the store cannot be read: {_error_text(error)}")
            return
        model = self.status.model
        if live is None:
            self.status = ModelStatus(checked=True)
        elif late and late.over:
            self._withdraw(f"model {live.digest[:_SHORT_DIGEST]} {late.line()}")
        elif model is not None and live.digest == model.ref.digest:
            self.status = ModelStatus(model, checked=True)
        elif not self._failed_recently(live):
            self._replace_model(live)

    def _failed_recently(self, live: ModelRef) -> bool:
        if self._failed is None or self._failed[0] != live.digest:
            return False
        return self._clock() < self._failed[1] + RETRY_INTERVAL_S

    def _replace_model(self, live: ModelRef) -> None:
        try:
            model = self._load(live)
        except Exception as error:  # noqa: BLE001 - a plugin's recipe may raise anything, and the old model serves
            self._failed = (live.digest, self._clock())
            self._report_error(
                f"model {live.digest[:_SHORT_DIGEST]} cannot be loaded: {_error_text(error)}"
            )
            return
        before = self.status.model
        self.status, self._failed = ModelStatus(model, checked=True), None
        log.info(
            "%s: model %s (%s) serves%s",
            self.task,
            live.digest[:_SHORT_DIGEST],
            live.recipe,
            f" instead of {before.ref.digest[:_SHORT_DIGEST]}" if before else "",
        )

    def _load(self, live: ModelRef) -> ServedModel:
        loaded = self._context.registry.load(live)
        in_turn = _InTurn(loaded.model, live.digest, self._slots, self._tracing)
        scorers, known = [], known_scores(self._context, loaded)
        for _ in range(2):
            scorer, trained = scorer_of(self._context, self.task, loaded)
            scorers.append(BatchScorer(replace(scorer, model=in_turn, known=known), trained.fields))
            warm_up(scorers[-1], loaded.serving.task.sources)
        usual, large = scorers
        explainer = self._explainer(loaded, in_turn)
        return ServedModel(live, loaded.serving.task, self._counting(usual, live), large, explainer)

    def _explainer(self, loaded: LoadedModel, in_turn: _InTurn) -> EventExplainer | None:
        choice = known_explainer(self._context, self.task)
        if choice is None:
            return None
        scorer, trained = scorer_of(self._context, self.task, loaded, choice)
        explain = scorer.explain
        if not isinstance(explain, DecisionExplainer):
            raise TypeError("a scorer without its explainer")
        near = None
        if isinstance(explain.nearest, NearestExamples):
            near = replace(explain.nearest, turn=in_turn.turn)
        scores = BatchScorer(replace(scorer, model=in_turn, explain=None), trained.fields)
        return EventExplainer(scores, explain, in_turn.turn, near)

    def _counting(self, made: BatchScorer, live: ModelRef) -> BatchScorer:
        """What counts the events of the usual size, from its first request on."""
        if self._drift is None:
            return made
        try:
            counter = drift_counter(self._context, live)
        except SftsecError as error:
            log.warning("%s: drift is not counted: %s", self.task, error)
            return made
        scorer = replace(made.scorer, drift=counter)
        return replace(made, scorer=scorer, count=partial(self._drift.add, self.task, scorer))

    def _withdraw(self, error: str) -> None:
        """Let no model serve: the one that is live may not any more."""
        if error != self.status.error:
            log.error("%s: %s", self.task, error)
        self.status = ModelStatus(error=error, checked=True)

    def _report_error(self, error: str) -> None:
        if error != self.status.error:
            after = "; the previous model serves" if self.status.model else ""
            log.error("%s: %s%s", self.task, error, after)
        self.status = replace(self.status, error=error)


class ModelWatcher:
    """The thread that refreshes the caches."""

    def __init__(
        self, caches: Iterable[ModelCache], interval_s: float = REFRESH_INTERVAL_S
    ) -> None:
        self._caches = tuple(caches)
        self._interval_s = interval_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="models", daemon=True)

    def start(self) -> None:
        """Start the thread; the models are loaded one after another."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread, after the model that is being loaded."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            for cache in self._caches:
                if not self._stop.is_set():
                    cache.refresh()
            self._stop.wait(self._interval_s)


def _error_text(error: Exception) -> str:
    """The message of our own errors, the type alone of others: their message may quote an event."""
    return " ".join(str(error).split()) if isinstance(error, SftsecError) else type(error).__name__
