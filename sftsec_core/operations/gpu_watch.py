"""Watches the GPUs that a run leases while it uses them, and renews the lease.

It ends the run, to be resumed elsewhere, when a device no longer answers, when the lease was taken
away, and when another's process took the memory. What one look finds of a device counts only when
the next look finds it too.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Self

from sftsec_core.api.errors import SftsecError, TrainingInterruptedError
from sftsec_core.gpu.choice import crowding
from sftsec_core.gpu.nvml import survey_gpus
from sftsec_core.store.gpu_leases import CROWDED, FAILED, GpuLeaseInfo, GpuLeases

if TYPE_CHECKING:
    from sftsec_core.config.gpu import GpuSettings
    from sftsec_core.gpu.devices import GpuSurvey

_ELSEWHERE = "; run the same command again to resume elsewhere"
_RENEWALS = 3
log = logging.getLogger(__name__)


class GpuWatch:
    """A context manager: looks from a thread while the body trains, and returns the lease."""

    def __init__(
        self,
        leases: GpuLeases,
        lease: GpuLeaseInfo,
        settings: GpuSettings,
        survey: Callable[[], GpuSurvey] = survey_gpus,
    ) -> None:
        self._leases, self._lease, self._settings, self._survey = leases, lease, settings, survey
        every = min(settings.watch, settings.lease / _RENEWALS)
        self._every_s = every.total_seconds()
        self._suspected: str | None = None
        self._lost: str | None = None
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"gpu-{lease.id}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._done.set()
        self._thread.join()
        try:
            self._leases.end(self._lease.id)
        except SftsecError as told:
            # The lease ends by itself; what ended the body counts.
            log.warning("lease %s of a GPU was not returned: %s", self._lease.id, told)

    def check(self) -> None:
        """Stop the work of a run that has lost its GPU.

        Raises:
            TrainingInterruptedError: with the reason.
        """
        if self._lost is not None:
            raise TrainingInterruptedError(self._lost + _ELSEWHERE)

    def confirm(self) -> None:
        """Look now, after training failed: a GPU that was lost is the reason.

        Raises:
            TrainingInterruptedError: when it was.
        """
        for _ in range(2):
            self.look()
        self.check()

    def look(self) -> None:
        """Renew the lease, and look at its devices."""
        if self._lost is not None:
            return
        ended = self._leases.renew(self._lease.id, self._settings.lease)
        if ended is not None:
            indices = ", ".join(self._lease.devices.values())
            self._lost = f"GPU {indices} was taken away from the run: {ended}"
            return
        end, reason = self._finding(self._survey()) or ("", None)
        if reason is not None and self._suspected == end:
            self._leases.end(self._lease.id, end, reason)
            self._lost = reason
        self._suspected = end

    def _finding(self, survey: GpuSurvey) -> tuple[str, str] | None:
        """What is wrong with a device, as the end of the lease and the reason."""
        if survey.unavailable is not None:
            # An update of the driver silences NVML, while what computes goes on.
            return None
        found = {device.uuid: device for device in survey.devices}
        for uuid, index in self._lease.devices.items():
            if uuid not in found:
                failed = [line for line in survey.failed if line.startswith(f"GPU {_of(index)}:")]
                said = failed[0] if failed else f"GPU {index}: the driver does not list it"
                return FAILED, f"a GPU was lost while it was used: {said} ({uuid})"
            crowded = crowding(found[uuid], self._settings.max_foreign, known=True)
            if crowded is not None:
                return CROWDED, f"GPU {index} is used by others: {crowded}"
        return None

    def _run(self) -> None:
        while not self._done.wait(self._every_s):
            try:
                self.look()
            except SftsecError as error:
                # The lease still lasts; the next renewal may succeed.
                log.warning("lease %s of a GPU was not renewed: %s", self._lease.id, error)


def _of(index: str) -> str:
    """The number of the GPU that a device is or is a slice of."""
    return index.partition(":")[0]
