"""A fake NVIDIA driver behind the real `pynvml`: it stands in for `libnvidia-ml.so.1`.

`pynvml` looks up C functions in the library that it has loaded and hands them ctypes values and
references. This one fills those references from a list of GPUs that a test may change between
two calls, with the return codes that NVML documents. So `pynvml`'s own structures, versions and
errors are all the real ones.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pynvml
import pytest

GIB = 2**30
SUCCESS: int = pynvml.NVML_SUCCESS
NOT_AVAILABLE = 2**64 - 1


@dataclass
class FakeGpu:
    """A GPU or a slice of one; memory in GiB.

    Attributes:
        slices: of a GPU in MIG mode; None for an empty place.
        processes: pid and GiB; None for a size that the driver does not know.
        error: what every call on it returns, as `pynvml.NVML_ERROR_GPU_IS_LOST`.
        untold: names of calls that it does not support.
    """

    uuid: str
    name: str = "NVIDIA H100 80GB HBM3"
    total: float = 80
    utilisation: int = 0
    processes: dict[int, float | None] = field(default_factory=dict)
    used: float = 0
    slices: list[FakeGpu | None] | None = None
    error: int = SUCCESS
    untold: tuple[str, ...] = ()


class FakeDriver:
    """The library: one method for each C function that is called."""

    def __init__(self, *gpus: FakeGpu, init: int = SUCCESS) -> None:
        self.gpus = list(gpus)
        self.init = init
        self.open = 0
        self._handles: dict[int, FakeGpu] = {}

    def nvmlInitWithFlags(self, _flags: int) -> int:  # noqa: N802 - NVML's name
        self.open += self.init == SUCCESS
        return self.init

    def nvmlShutdown(self) -> int:  # noqa: N802 - NVML's name
        self.open -= 1
        return SUCCESS

    def nvmlErrorString(self, code: int) -> bytes:  # noqa: N802 - NVML's name
        return {pynvml.NVML_ERROR_GPU_IS_LOST: b"GPU is lost"}.get(code, b"error %d" % code)

    def nvmlDeviceGetCount_v2(self, count: Any) -> int:  # noqa: N802 - NVML's name
        count._obj.value = len(self.gpus)
        return SUCCESS

    def nvmlDeviceGetHandleByIndex_v2(self, index: Any, handle: Any) -> int:  # noqa: N802 - NVML's name
        if index.value >= len(self.gpus):
            return int(pynvml.NVML_ERROR_INVALID_ARGUMENT)
        return self._hand_out(self.gpus[index.value], handle)

    def nvmlDeviceGetMigMode(self, handle: Any, current: Any, pending: Any) -> int:  # noqa: N802 - NVML's name
        gpu = self._of(handle)
        if gpu.error:
            return gpu.error
        current._obj.value = pending._obj.value = int(gpu.slices is not None)
        return (
            SUCCESS
            if "MIG" in gpu.name or "H100" in gpu.name
            else int(pynvml.NVML_ERROR_NOT_SUPPORTED)
        )

    def nvmlDeviceGetMaxMigDeviceCount(self, handle: Any, count: Any) -> int:  # noqa: N802 - NVML's name
        count._obj.value = len(self._of(handle).slices or ())
        return SUCCESS

    def nvmlDeviceGetMigDeviceHandleByIndex(  # noqa: N802 - NVML's name
        self, handle: Any, index: Any, part: Any
    ) -> int:
        found = (self._of(handle).slices or [])[index.value]
        return int(pynvml.NVML_ERROR_NOT_FOUND) if found is None else self._hand_out(found, part)

    def nvmlDeviceGetUUID(self, handle: Any, text: Any, _size: Any) -> int:  # noqa: N802 - NVML's name
        return self._write(handle, text, self._of(handle).uuid)

    def nvmlDeviceGetName(self, handle: Any, text: Any, _size: Any) -> int:  # noqa: N802 - NVML's name
        return self._write(handle, text, self._of(handle).name)

    def nvmlDeviceGetMemoryInfo(self, handle: Any, memory: Any) -> int:  # noqa: N802 - NVML's name
        gpu = self._of(handle)
        if code := self._refused(gpu, "memory"):
            return code
        used = gpu.used + sum(size or 0 for size in gpu.processes.values())
        memory._obj.total = int(gpu.total * GIB)
        memory._obj.used = int(used * GIB)
        memory._obj.free = int((gpu.total - used) * GIB)
        return SUCCESS

    def nvmlDeviceGetUtilizationRates(self, handle: Any, rates: Any) -> int:  # noqa: N802 - NVML's name
        gpu = self._of(handle)
        if gpu.uuid.startswith("MIG-"):
            return int(pynvml.NVML_ERROR_NOT_SUPPORTED)
        rates._obj.gpu = gpu.utilisation
        return self._refused(gpu, "utilisation")

    def nvmlDeviceGetComputeRunningProcesses_v3(  # noqa: N802 - NVML's name
        self, handle: Any, count: Any, processes: Any
    ) -> int:
        gpu = self._of(handle)
        if code := self._refused(gpu, "processes"):
            return code
        room, count._obj.value = count._obj.value, len(gpu.processes)
        if room < len(gpu.processes):
            return int(pynvml.NVML_ERROR_INSUFFICIENT_SIZE)
        for place, (pid, size) in enumerate(gpu.processes.items()):
            processes[place].pid = pid
            processes[place].usedGpuMemory = NOT_AVAILABLE if size is None else int(size * GIB)
        return SUCCESS

    def _hand_out(self, gpu: FakeGpu, handle: Any) -> int:
        self._handles[id(gpu)] = gpu
        target = ctypes.cast(handle, ctypes.POINTER(ctypes.c_void_p))
        target[0] = ctypes.c_void_p(id(gpu)).value or 0
        return gpu.error if "handle" in gpu.untold else SUCCESS

    def _of(self, handle: Any) -> FakeGpu:
        return self._handles[ctypes.cast(handle, ctypes.c_void_p).value or 0]

    def _write(self, handle: Any, text: Any, value: str) -> int:
        text.value = value.encode()
        return self._of(handle).error

    @staticmethod
    def _refused(gpu: FakeGpu, call: str) -> int:
        return int(pynvml.NVML_ERROR_NOT_SUPPORTED) if call in gpu.untold else gpu.error


@contextmanager
def driver_of(*gpus: FakeGpu, init: int = SUCCESS) -> Iterator[FakeDriver]:
    """Put a driver with these GPUs in the place of this machine's."""
    driver = FakeDriver(*gpus, init=init)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pynvml, "nvmlLib", driver)
        patch.setattr(pynvml, "_nvmlGetFunctionPointer_cache", {})
        patch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
        yield driver
    assert driver.open == 0, "the driver was not closed"
