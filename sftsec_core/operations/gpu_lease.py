"""Lease the GPU that a run needs: wait while all are taken, or fall back on the CPU."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from sftsec_core.api.domain import Message
from sftsec_core.api.errors import TrainingError, TrainingInterruptedError
from sftsec_core.gpu.choice import GpuChoice, GpuNeed, GpuRules, choose_gpus, could_ever, in_gib
from sftsec_core.gpu.nvml import survey_gpus
from sftsec_core.store.gpu_leases import GpuLeaseInfo, GpuLeaseOrder

if TYPE_CHECKING:
    from sftsec_core.api.domain import Event
    from sftsec_core.api.settings.task import TrainSettings
    from sftsec_core.config.gpu import GpuSettings
    from sftsec_core.gpu.devices import GpuSurvey
    from sftsec_core.operations.context import Context
    from sftsec_core.operations.running import Run

VISIBLE = "CUDA_VISIBLE_DEVICES"
CPU = "cpu"
_POLL_S = 2.0
_TELL_EVERY_S = 60.0
# AMD's driver and NVIDIA's: with one of them torch may find a GPU that cannot be leased.
_DRIVERS = (Path("/dev/kfd"), Path("/dev/nvidiactl"))


def visible_gpus() -> GpuSurvey:
    """The devices that CUDA_VISIBLE_DEVICES leaves to this process."""
    return survey_gpus().visible(os.environ.get(VISIBLE))


def driver_is_there() -> bool:
    """Whether torch may find GPUs here, also where NVML does not tell of them."""
    return any(driver.exists() for driver in _DRIVERS)


def rules_of(settings: GpuSettings) -> GpuRules:
    """What `gpu` of the configuration allows."""
    return GpuRules(settings.allow, settings.max_foreign)


def need_of(train: TrainSettings, settings: GpuSettings) -> GpuNeed:
    """What a task asks for."""
    device = train.device or ""
    named = device.removeprefix("cuda").removeprefix(":") or None
    memory = max(int(settings.min_free), int(train.needs.memory or 0))
    return GpuNeed(train.needs.gpus, memory, named)


@dataclass(frozen=True, slots=True)
class GpuAsker:
    """Who asks for a GPU, and what for.

    Attributes:
        id: of the run; what has no run of its own makes one up for the list of leases.
        task: the task's name.
        context: settings and store.
        need: what is asked for.
        insists: False: without such a GPU the CPU does, unless `gpu.fallback` says to wait for one.
        doing: what for, in a message.
        emit: sends an event.
        check: raises when the work is not to go on, such as one whose run was taken over.
    """

    id: str
    task: str
    context: Context
    need: GpuNeed
    insists: bool
    doing: str
    emit: Callable[[Event], None]
    check: Callable[[], None] = lambda: None

    @classmethod
    def to_train(cls, run: Run) -> GpuAsker:
        """A run that trains: the task says what it needs, and may insist on a GPU."""
        train, settings = run.task.train, run.context.settings.gpu
        need, insists = need_of(train, settings), train.device is not None
        return cls(
            run.info.id, run.info.task, run.context, need, insists, "training", run.emit,
            run.heartbeat.check,
        )  # fmt: skip


class GpuAcquisition:
    """The way to a lease.

    Args:
        asker: who asks for it.
        sleep: waits for some seconds.
        monotonic: seconds of a clock that never goes back.
    """

    def __init__(
        self,
        asker: GpuAsker,
        *,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.asker, self._sleep, self._monotonic = asker, sleep, monotonic
        self._settings = asker.context.settings.gpu
        self._need, self._asks = asker.need, asker.insists

    def acquire(self) -> GpuLeaseInfo | str | None:
        """Return a lease, "cpu", or None where nothing can be leased and torch may choose.

        Raises:
            TrainingError: when the task asks for a GPU and this machine has none that will do.
            TrainingInterruptedError: when none was free within `gpu.wait`, or one does not answer.
            LeaseLostError: when another process took the run over meanwhile.
        """
        survey = visible_gpus()
        if survey.unavailable is not None:
            self._go_without_driver(survey.unavailable)
            return None
        if not survey.devices and not survey.failed and not self._asks:
            return None
        return self._wait(survey)

    def _wait(self, survey: GpuSurvey) -> GpuLeaseInfo | str:
        start = told = self._monotonic()
        deadline, first = start + self._settings.wait.total_seconds(), True
        while True:
            choice = choose_gpus(survey, self._need, rules_of(self._settings))
            if lease := self._take(choice):
                return lease
            reason = self._why_not(choice)
            possible = could_ever(survey, self._need, rules_of(self._settings))
            if self._asks and not possible:
                # One that does not answer may come back, and the run can be resumed then.
                kind = TrainingInterruptedError if survey.failed else TrainingError
                raise kind(f"{self._wanted()}, and no GPU here will do: {reason}")
            if not self._asks and (not possible or self._settings.fallback == CPU):
                return self._fall_back(reason)
            now = self._monotonic()
            if now >= deadline:
                raise TrainingInterruptedError(_timed_out(now - start, reason))
            if first or now - told >= _TELL_EVERY_S:
                text = f"waiting for a GPU, {deadline - now:.0f} s at most: {reason}"
                self.asker.emit(Message(text=text))
                first, told = False, now
            self._sleep(min(_POLL_S, deadline - now))
            self.asker.check()
            survey = visible_gpus()

    def _take(self, choice: GpuChoice) -> GpuLeaseInfo | None:
        if len(choice.usable) < self._need.count:
            return None
        order = GpuLeaseOrder(
            run_id=self.asker.id,
            task=self.asker.task,
            host=socket.gethostname(),
            devices={device.uuid: device.index for device in choice.usable},
            lease=self._settings.lease,
            rest=self._settings.rest,
            count=self._need.count,
        )
        return self.asker.context.store.gpu_leases.take(order)

    def _why_not(self, choice: GpuChoice) -> str:
        """Why there is no lease to be had now, a reason for each device."""
        leases = self.asker.context.store.gpu_leases
        held = {uuid: each.run_id for each in leases.list() for uuid in each.devices}
        resting = leases.resting(self._settings.rest)
        reasons = dict(choice.refused)
        for device in choice.usable:
            if device.uuid in held:
                reasons[device.index] = f"leased by run {held[device.uuid]}"
            elif device.uuid in resting:
                reasons[device.index] = f"left alone for a while: {resting[device.uuid]}"
        text = replace(choice, refused=reasons).why() or "this machine has none"
        asked = f"{self._need.count} are needed: " if self._need.count > 1 else ""
        return asked + text

    def _fall_back(self, reason: str) -> str:
        text = f"no GPU is free ({reason}): {self.asker.doing} on the CPU"
        self.asker.emit(Message(text=text, level="warning"))
        return CPU

    def _go_without_driver(self, unavailable: str) -> None:
        if driver_is_there():
            text = f"GPUs are used without a lease: {unavailable}"
            self.asker.emit(Message(text=text, level="warning"))
        elif self._asks:
            raise TrainingError(
                f"{self._wanted()}, and there is no GPU to lease: {unavailable}; without "
                "train.device it trains on the CPU"
            )

    def _wanted(self) -> str:
        device = self.asker.context.task(self.asker.task).train.device
        memory = f" with {in_gib(self._need.memory)} free"
        return f"tasks.{self.asker.task}.train asks for {self._need.count} x {device}{memory}"


def _timed_out(seconds: float, reason: str) -> str:
    return (
        f"no GPU became free within {seconds:.0f} s ({reason}); run the same command again to "
        "resume, raise gpu.wait, or let the task use the CPU (gpu.fallback: cpu, no "
        "train.device)"
    )
