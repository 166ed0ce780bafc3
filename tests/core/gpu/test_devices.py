"""Names of devices, and what CUDA_VISIBLE_DEVICES leaves of them."""

from __future__ import annotations

import pytest

from sftsec_core.gpu.devices import GpuDevice, GpuSurvey

WHOLE = GpuDevice("GPU-aa11", "0", "H100", 80, 80, 0.0)
PARTS = tuple(GpuDevice(f"MIG-{n}", f"1:{n}", "H100 MIG", 10, 10, None) for n in range(2))
SURVEY = GpuSurvey((WHOLE, *PARTS))


class TestIsCalled:
    @pytest.mark.parametrize("name", ["0", "GPU-aa11", "GPU-aa"])
    def test_by_index_uuid_or_its_beginning(self, name: str) -> None:
        assert WHOLE.is_called(name)

    @pytest.mark.parametrize("name", ["1", "GPU-aa112", "aa11", "", "G", "0:0"])
    def test_by_nothing_else(self, name: str) -> None:
        assert not WHOLE.is_called(name)

    def test_index_of_a_gpu_means_its_slices(self) -> None:
        assert [each.is_called("1") for each in PARTS] == [True, True]
        assert [each.is_called("1:1") for each in PARTS] == [False, True]


class TestVisible:
    @pytest.mark.parametrize(
        ("value", "left"),
        [
            (None, ["0", "1:0", "1:1"]),
            ("all", []),
            ("", []),
            ("-1", []),
            ("NoDevFiles", []),
            ("0", ["0"]),
            ("MIG-1, GPU-aa11", ["1:1", "0"]),
            ("0,7,MIG-0", ["0"]),
            ("0,0", ["0"]),
        ],
    )
    def test_is_what_cuda_would_see(self, value: str | None, left: list[str]) -> None:
        assert [each.index for each in SURVEY.visible(value).devices] == left
