"""What the driver tells of this machine's devices."""

from __future__ import annotations

import os
import sys

import pynvml
import pytest

from sftsec_core.gpu.nvml import survey_gpus
from tests.servers.nvml import GIB, FakeGpu, driver_of

LOST = pynvml.NVML_ERROR_GPU_IS_LOST


class TestSurvey:
    def test_tells_memory_load_and_processes(self) -> None:
        with driver_of(FakeGpu("GPU-a", utilisation=37, used=1, processes={os.getpid(): 9})):
            (device,) = survey_gpus().devices
        assert (device.uuid, device.index, device.is_slice) == ("GPU-a", "0", False)
        assert (device.total, device.free, device.utilisation) == (80 * GIB, 70 * GIB, 0.37)
        (process,) = device.processes
        assert (process.pid, process.memory, process.ours) == (os.getpid(), 9 * GIB, True)
        assert process.owner is not None

    def test_shows_the_slices_of_a_divided_gpu(self) -> None:
        parts = [FakeGpu(f"MIG-{n}", "NVIDIA H100 MIG 1g.10gb", total=10) for n in range(2)]
        divided = FakeGpu("GPU-a", slices=[parts[0], None, parts[1]])
        with driver_of(divided, FakeGpu("GPU-b", "Tesla T4", total=16)):
            devices = survey_gpus().devices
        assert [(each.index, each.uuid) for each in devices] == [
            ("0:0", "MIG-0"),
            ("0:2", "MIG-1"),
            ("1", "GPU-b"),
        ]
        assert [each.utilisation for each in devices] == [None, None, 0.0]

    @pytest.mark.parametrize("untold", [(), ("handle",)])
    def test_a_lost_gpu_hides_no_other(self, untold: tuple[str, ...]) -> None:
        gone = FakeGpu("GPU-a", error=LOST, untold=untold)
        with driver_of(gone, FakeGpu("GPU-b")):
            survey = survey_gpus()
        assert [each.uuid for each in survey.devices] == ["GPU-b"]
        assert survey.failed == ("GPU 0: GPU is lost",)

    def test_what_is_not_told_is_none(self) -> None:
        shared = FakeGpu("GPU-a", untold=("memory", "utilisation", "processes"))
        with driver_of(shared, FakeGpu("GPU-b", processes={1: None})):
            first, second = survey_gpus().devices
        assert (first.total, first.free, first.utilisation, first.processes) == (
            *(None, None, None),
            (),
        )
        assert second.processes[0].memory is None
        assert not second.processes[0].ours

    def test_a_silent_driver_is_said(self) -> None:
        with driver_of(init=pynvml.NVML_ERROR_DRIVER_NOT_LOADED) as driver:
            survey = survey_gpus()
            assert driver.open == 0
        assert survey.devices == ()
        assert "the NVIDIA driver does not answer" in str(survey.unavailable)

    def test_a_missing_package_names_the_extra(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "pynvml", None)
        assert survey_gpus().unavailable == (
            "nvidia-ml-py is not installed: pip install 'sftsec[gpu]'"
        )
