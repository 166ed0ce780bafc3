"""Counts a sample of the events that `serve` scores into the windows that drift is read from.

A request waits for none of it: the threads that score leave events here, at most so many of a model
in each interval, and a thread of its own reads and writes them. Which are kept is drawn uniformly
(Vitter, 1985, algorithm R). An event is kept as the model read it, cleaned and redacted; the
store gets counts and hashes.
"""

from __future__ import annotations

import logging
import random
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from sftsec_core.scoring.decision import decided_columns
from sftsec_core.scoring.drift_counting import count_for_drift

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sftsec_core.api.domain import Inputs
    from sftsec_core.scoring.decision import ScoringDecision
    from sftsec_core.scoring.scorer import RatedPage, Scorer
    from sftsec_core.store.store import Store

INTERVAL_S = 5.0
MOST = 200  # events of a model in an interval: to read them takes some hundredths of a second
log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Sample:
    """Some of the events that one model scored.

    Attributes:
        task: its task's name.
        scorer: what scored them, with what counts them.
        seen: how many it scored.
        kept: their inputs, calibrated probabilities and decided columns.
    """

    task: str
    scorer: Scorer
    seen: int = 0
    kept: list[tuple[Inputs, NDArray[np.float64], int]] = field(default_factory=list)


class DriftSampler:
    """The samples of all models that a service has; any thread adds, one writes."""

    def __init__(self, store: Store, most: int = MOST, interval_s: float = INTERVAL_S) -> None:
        """Take where the windows are.

        Args:
            store: of the windows.
            most: events of a model that are counted in an interval.
            interval_s: seconds between two writes.
        """
        self._store = store
        self._most = most
        self._interval_s = interval_s
        # Which events are counted need not be hard to guess.
        self._random = random.Random()  # noqa: S311 - as above
        self._lock = threading.Lock()
        self._samples: dict[str, _Sample] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="drift", daemon=True)

    def add(
        self, task: str, scorer: Scorer, rated: RatedPage, decisions: Sequence[ScoringDecision]
    ) -> None:
        """Leave the events of a request; one of a model without a reference is not counted."""
        if scorer.drift is None:
            return
        columns = decided_columns(decisions, scorer).tolist()
        with self._lock:
            key = scorer.model_digest
            sample = self._samples.setdefault(key, _Sample(task, scorer))
            for (_, inputs), proba, column in zip(rated.rows, rated.proba, columns, strict=True):
                sample.seen += 1
                event = (inputs, proba, column)
                if len(sample.kept) < self._most:
                    sample.kept.append(event)
                elif (place := self._random.randrange(sample.seen)) < self._most:
                    sample.kept[place] = event

    def write(self) -> None:
        """Count what was left into the windows; where the store refuses, that sample is lost."""
        with self._lock:
            samples, self._samples = list(self._samples.values()), {}
        for sample in samples:
            try:
                self._write(sample)
            except Exception as error:  # noqa: BLE001 - the thread must live on; its message may quote an event
                log.warning(
                    "%s: %d events are not counted for drift (%s)",
                    sample.task,
                    len(sample.kept),
                    type(error).__name__,
                )

    def start(self) -> None:
        """Start the thread that writes."""
        self._thread.start()

    def stop(self) -> None:
        """Write what is left, and end the thread."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        self.write()

    def _write(self, sample: _Sample) -> None:
        scorer = sample.scorer
        if scorer.drift is None:
            raise AssertionError("a sample of what is not counted")
        inputs, proba, columns = zip(*sample.kept, strict=True)
        rows = scorer.drift.read(inputs, np.stack(proba), np.array(columns, dtype=np.int64))
        with self._store.writing() as connection:
            count_for_drift(self._store, sample.task, scorer, rows, connection)

    def _run(self) -> None:
        while not self._stop.wait(self._interval_s):
            self.write()
