"""The models in service, model in memory, and exchanged when the alias `live` moves.

A new model is loaded and verified beside the old one, which answers until then. One that cannot
be loaded leaves the old one where it is: the failure is logged, and shown until it is gone.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from sftsec_core.api.errors import SftsecError
from sftsec_core.operations.ingesting import fields_of
from sftsec_core.operations.score import scorer_of
from sftsec_core.server.batch_scorer import BatchScorer, warm_up

if TYPE_CHECKING:
    from sftsec_core.api.domain import ModelRef, TaskSpec
    from sftsec_core.operations.context import Context

LOOK_S = 1.0
# A damaged model seldom mends itself, and verifying a large one takes seconds of a core.
RETRY_S = 60.0
_SHORT = 12
log = logging.getLogger(__name__)
Status = Literal["loading", "ready", "none", "failed"]


@dataclass(frozen=True, slots=True)
class CachedModel:
    """A model in memory."""

    ref: ModelRef
    spec: TaskSpec
    answer: BatchScorer


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """What is known of a task's model; replaced whole, so that readers need no lock.

    Attributes:
        model: the model that answers.
        error: why the newest one does not, or why it is not known which it is.
        looked: whether the store was asked at all.
    """

    model: CachedModel | None = None
    error: str | None = None
    looked: bool = False

    @property
    def status(self) -> Status:
        """In a word."""
        if self.model is not None:
            return "ready"
        if self.error is not None:
            return "failed"
        return "none" if self.looked else "loading"


class ModelCache:
    """One task's model; `look` is called by one thread, `view` is read by any."""

    def __init__(
        self, context: Context, task: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.task = task
        self.view = ModelStatus()
        self._context = context
        self._clock = clock
        self._failed: tuple[str, float] | None = None

    def look(self) -> None:
        """Exchange the model if another one is in service by now; never raises."""
        try:
            live = self._context.registry.live(self.task)
        except Exception as error:  # noqa: BLE001 - whatever the store has, the old model answers
            self._report_error(f"the store cannot be read: {_words(error)}")
            return
        model = self.view.model
        if live is None:
            self.view = ModelStatus(looked=True)
        elif model is not None and live.digest == model.ref.digest:
            self.view = ModelStatus(model, looked=True)
        elif not self._failed_lately(live):
            self._exchange(live)

    def _failed_lately(self, live: ModelRef) -> bool:
        if self._failed is None or self._failed[0] != live.digest:
            return False
        return self._clock() < self._failed[1] + RETRY_S

    def _exchange(self, live: ModelRef) -> None:
        try:
            model = self._load(live)
        except Exception as error:  # noqa: BLE001 - a recipe is a stranger's, and the old model answers
            self._failed = (live.digest, self._clock())
            self._report_error(f"model {live.digest[:_SHORT]} cannot be loaded: {_words(error)}")
            return
        before = self.view.model
        self.view, self._failed = ModelStatus(model, looked=True), None
        log.info(
            "%s: model %s (%s) answers%s",
            self.task,
            live.digest[:_SHORT],
            live.recipe,
            f" instead of {before.ref.digest[:_SHORT]}" if before else "",
        )

    def _load(self, live: ModelRef) -> CachedModel:
        loaded = self._context.registry.load(live)
        scorer, trained = scorer_of(self._context, self.task, loaded)
        answer = BatchScorer(scorer, fields_of(trained))
        warm_up(answer, trained.text)
        return CachedModel(live, loaded.serving.task, answer)

    def _report_error(self, error: str) -> None:
        if error != self.view.error:
            after = "; the model before it answers" if self.view.model else ""
            log.error("%s: %s%s", self.task, error, after)
        self.view = replace(self.view, error=error)


class ModelWatcher:
    """The thread that keeps caches up to date."""

    def __init__(self, caches: Iterable[ModelCache], every_s: float = LOOK_S) -> None:
        self._caches = tuple(caches)
        self._every_s = every_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="models", daemon=True)

    def start(self) -> None:
        """Begin to look; the models are loaded one after another."""
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
                    cache.look()
            self._stop.wait(self._every_s)


def _words(error: Exception) -> str:
    """Our own errors say what to do; a stranger's may say anything."""
    return " ".join(str(error).split()) if isinstance(error, SftsecError) else type(error).__name__
