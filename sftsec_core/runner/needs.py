"""What a run needs of the host that carries it out, looked at before it is claimed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from sftsec_core.gpu.choice import GpuNeed, GpuRules, could_ever
from sftsec_core.operations.gpu_lease import driver_is_there, visible_gpus

if TYPE_CHECKING:
    from sftsec_core.gpu.devices import GpuSurvey
    from sftsec_core.store.run_queue import QueuedRun
    from sftsec_core.store.run_requests import Prefer


class WithinReach:
    """Leaves out runs that need more GPUs than this host has; a `Prefer` of the queue.

    GPUs that are only busy, or do not answer, count: such a run is claimed and waits for its lease.
    """

    def __init__(
        self,
        rules: Callable[[], GpuRules],
        prefer: Prefer | None,
        tell: Callable[[str], None],
        survey: Callable[[], GpuSurvey] = visible_gpus,
    ) -> None:
        """Take how to look.

        Args:
            rules: what `gpu` of the configuration allows, at the time of the call.
            prefer: orders those that are left; None leaves their order.
            tell: called once with a line for each run that is left out.
            survey: looks at this host's GPUs, only where a run needs one.
        """
        self._rules, self._prefer, self._tell, self._survey = rules, prefer, tell, survey
        self._told: set[str] = set()

    def __call__(self, found: Sequence[QueuedRun]) -> Iterable[QueuedRun]:
        """Those that may be claimed here, in the order in which they are preferred."""
        left = list(self._within_reach(found))
        return left if self._prefer is None else self._prefer(left)

    def _within_reach(self, found: Sequence[QueuedRun]) -> Iterator[QueuedRun]:
        survey: GpuSurvey | None = None
        for each in found:
            count = int((each.request.needs or {}).get("gpus", 0))
            if count and survey is None:
                survey = self._survey()
            if survey is None or not count or self._may_have(survey, count):
                yield each
            elif each.info.id not in self._told:
                self._told.add(each.info.id)
                self._tell(f"run {each.info.id} needs {count} GPUs, which this host has not")

    def _may_have(self, survey: GpuSurvey, count: int) -> bool:
        if survey.unavailable is not None:
            return driver_is_there()  # nobody can say how many
        short = max(0, count - len(survey.failed))  # one that does not answer may come back
        return could_ever(survey, GpuNeed(short), self._rules())
