"""One stage of a use case as events: started, progressed, finished with its counts."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sftsec_core.api.domain import Event, StageFinished, StageProgressed, StageStarted


@dataclass(slots=True)
class Stage:
    """A stage that is under way.

    Attributes:
        counts: what `StageFinished` reports; zeros are left out.
    """

    name: str
    emit: Callable[[Event], None]
    counts: dict[str, int] = field(default_factory=dict)

    def progress(self, done: int, total: int | None = None, unit: str = "incidents") -> None:
        """Report how far it is; total is None while it is not known."""
        self.emit(StageProgressed(stage=self.name, done=done, total=total, unit=unit))


@contextmanager
def stage(emit: Callable[[Event], None], name: str, detail: str = "") -> Iterator[Stage]:
    """Emit the beginning and, unless an exception ends it, the end of a stage."""
    emit(StageStarted(stage=name, detail=detail))
    started = time.monotonic()
    under_way = Stage(name, emit)
    yield under_way
    counts = {name: count for name, count in under_way.counts.items() if count}
    emit(StageFinished(stage=name, seconds=time.monotonic() - started, counts=counts))
