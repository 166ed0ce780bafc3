"""The devices of this machine, as NVIDIA's driver tells through its library NVML.

The package `nvidia-ml-py` (extra `gpu`) is imported when it is asked. Without it, or without a
driver, there are no devices, and the survey says why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from sftsec_core.gpu.devices import GpuDevice, GpuProcess, GpuSurvey
from sftsec_core.gpu.processes import command_of, descends_from_us, owner_of

if TYPE_CHECKING:
    from types import ModuleType

T = TypeVar("T")
NOT_INSTALLED = "nvidia-ml-py is not installed: pip install 'sftsec[gpu]'"


def survey_gpus() -> GpuSurvey:
    """Ask the driver for every device, its memory and what computes on it.

    A GPU that is divided by MIG is shown as its slices. A device that does not answer is named in
    `failed`; it hides no other.
    """
    try:
        import pynvml
    except ImportError:
        return GpuSurvey(unavailable=NOT_INSTALLED)
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as error:
        return GpuSurvey(unavailable=f"the NVIDIA driver does not answer: {error}")
    try:
        return _Driver(pynvml).survey()
    except pynvml.NVMLError as error:
        return GpuSurvey(unavailable=f"the NVIDIA driver does not answer: {error}")
    finally:
        pynvml.nvmlShutdown()


class _Driver:
    """The calls that a survey takes, between `nvmlInit` and `nvmlShutdown`."""

    def __init__(self, nvml: ModuleType) -> None:
        self._nvml: Any = nvml
        # What a kind of device, an older driver or an unprivileged container does not tell.
        self._untold = (
            nvml.NVML_ERROR_NOT_SUPPORTED,
            nvml.NVML_ERROR_FUNCTION_NOT_FOUND,
            nvml.NVML_ERROR_NO_PERMISSION,
        )

    def survey(self) -> GpuSurvey:
        devices: list[GpuDevice] = []
        failed: list[str] = []
        for number in range(self._nvml.nvmlDeviceGetCount()):
            try:
                devices += self._devices_of(number)
            except self._nvml.NVMLError as error:
                failed.append(f"GPU {number}: {error}")
        return GpuSurvey(tuple(devices), tuple(failed))

    def _devices_of(self, number: int) -> Iterator[GpuDevice]:
        """The GPU of a number, or its slices."""
        handle = self._nvml.nvmlDeviceGetHandleByIndex(number)
        mode = self._told(self._nvml.nvmlDeviceGetMigMode, handle)
        if mode is None or mode[0] != self._nvml.NVML_DEVICE_MIG_ENABLE:
            yield self._device(handle, str(number))
            return
        for place in range(self._nvml.nvmlDeviceGetMaxMigDeviceCount(handle)):
            try:
                part = self._nvml.nvmlDeviceGetMigDeviceHandleByIndex(handle, place)
            except self._nvml.NVMLError_NotFound:
                continue  # places need not be filled from the first
            yield self._device(part, f"{number}:{place}")

    def _device(self, handle: object, index: str) -> GpuDevice:
        memory = self._told(self._nvml.nvmlDeviceGetMemoryInfo, handle)
        rates = self._told(self._nvml.nvmlDeviceGetUtilizationRates, handle)
        computing = self._told(self._nvml.nvmlDeviceGetComputeRunningProcesses, handle)
        return GpuDevice(
            uuid=self._nvml.nvmlDeviceGetUUID(handle),
            index=index,
            name=self._nvml.nvmlDeviceGetName(handle),
            total=int(memory.total) if memory else None,
            free=int(memory.free) if memory else None,
            utilisation=rates.gpu / 100 if rates else None,
            processes=tuple(_process(each.pid, each.usedGpuMemory) for each in computing or ()),
        )

    def _told(self, call: Callable[[object], T], handle: object) -> T | None:
        """What the driver tells; None where it does not know such a thing."""
        try:
            return call(handle)
        except self._nvml.NVMLError as error:
            if error.value in self._untold:
                return None
            raise


def _process(pid: int, memory: int | None) -> GpuProcess:
    return GpuProcess(pid, memory, owner_of(pid), command_of(pid), descends_from_us(pid))
