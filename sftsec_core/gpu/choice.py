"""Which devices a run may take, best first, and why it may not take the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sftsec_core.gpu.devices import GpuDevice, GpuSurvey

GIB = 2**30


@dataclass(frozen=True, slots=True)
class GpuNeed:
    """What a run asks for.

    Attributes:
        count: devices.
        memory: bytes that must be free on each.
        named: the only devices that will do, as `GpuDevice.is_called` reads it; None for any.
    """

    count: int = 1
    memory: int = 0
    named: str | None = None


@dataclass(frozen=True, slots=True)
class GpuRules:
    """What this site allows.

    Attributes:
        allow: names of the devices that may be taken; empty for all.
        max_foreign: fraction of a device's memory, 0 to 1, that processes of others may hold.
    """

    allow: tuple[str, ...] = ()
    max_foreign: float = 0.2


@dataclass(frozen=True, slots=True)
class GpuChoice:
    """Devices for a run.

    Attributes:
        usable: those that may be taken now, the one with most free memory first.
        refused: index of each other device to why it may not.
        failed: a line for each that does not answer.
    """

    usable: tuple[GpuDevice, ...]
    refused: Mapping[str, str]
    failed: tuple[str, ...] = ()

    def why(self) -> str:
        """Why there are not more, in one line; "" where there is nothing to say."""
        lines = [f"GPU {index}: {reason}" for index, reason in self.refused.items()]
        return "; ".join((*lines, *self.failed))


def choose_gpus(survey: GpuSurvey, need: GpuNeed, rules: GpuRules) -> GpuChoice:
    """Divide the devices of a survey into those that satisfy a need and those that do not.

    Leases are no matter of this: whether a device is leased is known to the store alone.
    """
    reasons = {device: _reason_against(device, need, rules) for device in survey.devices}
    usable = [device for device, reason in reasons.items() if reason is None]
    usable.sort(key=lambda device: -(device.free or 0))
    refused = {device.index: reason for device, reason in reasons.items() if reason}
    return GpuChoice(tuple(usable), refused, survey.failed)


def crowding(device: GpuDevice, max_foreign: float, *, known: bool = False) -> str | None:
    """Who holds more of a device's memory than others may; None where nobody does.

    Args:
        device: as a survey found it.
        max_foreign: fraction of its memory, 0 to 1, that others may hold.
        known: count only processes that this machine's process table shows. The others may be
            ours: a container's table has other numbers than the driver.

    Returns:
        For a person: "process 4711 ann python holds 30.0 GiB".
    """
    foreign = [
        each
        for each in device.processes
        if not each.ours and each.memory and (each.owner or not known)
    ]
    held = sum(each.memory or 0 for each in foreign)
    if not foreign or not device.total or held <= max_foreign * device.total:
        return None
    largest = max(foreign, key=lambda each: each.memory or 0)
    more = f" and {len(foreign) - 1} more" if len(foreign) > 1 else ""
    return f"process {largest.text}{more} holds {in_gib(held)}"


def in_gib(count: int) -> str:
    """Bytes of a device's memory for a person."""
    return f"{count / GIB:.1f} GiB"


def why_never(device: GpuDevice, need: GpuNeed, rules: GpuRules) -> str | None:
    """Why a device will never do for a need, however free it is; None where it might."""
    if rules.allow and not any(device.is_called(name) for name in rules.allow):
        return "gpu.allow does not name it"
    if need.named is not None and not device.is_called(need.named):
        return f"train.device asks for {need.named}"
    if need.count > 1 and device.is_slice:
        return "a process can use one MIG slice only"
    return None


def could_ever(survey: GpuSurvey, need: GpuNeed, rules: GpuRules) -> bool:
    """Whether there are enough devices that would do, were they free."""
    fit = [
        each
        for each in survey.devices
        if why_never(each, need, rules) is None
        and (each.total is None or each.total >= need.memory)
    ]
    return len(fit) >= need.count


def _reason_against(device: GpuDevice, need: GpuNeed, rules: GpuRules) -> str | None:
    if never := why_never(device, need, rules):
        return never
    if crowded := crowding(device, rules.max_foreign):
        return crowded
    # A device that does not tell shares the machine's own memory.
    if device.free is not None and device.free < need.memory:
        return f"{in_gib(device.free)} free, {in_gib(need.memory)} needed"
    return None
