"""Which devices satisfy what a run asks for."""

from __future__ import annotations

import pytest

from sftsec_core.gpu.choice import GpuNeed, GpuRules, choose_gpus, crowding
from sftsec_core.gpu.devices import GpuDevice, GpuProcess, GpuSurvey

GIB = 2**30
MINE = GpuProcess(1, 70 * GIB, "ann", "python", ours=True)
THEIRS = GpuProcess(4711, 9 * GIB, "bob", "vllm")


def gpu(index: str, free: float | None, *processes: GpuProcess) -> GpuDevice:
    room = None if free is None else int(free * GIB)
    return GpuDevice(f"GPU-{index}", index, "H100", 80 * GIB, room, 0.0, processes)


def chosen(survey: GpuSurvey, need: GpuNeed, rules: GpuRules = GpuRules()) -> list[str]:  # noqa: B008 - frozen
    return [each.index for each in choose_gpus(survey, need, rules).usable]


class TestChooseGpus:
    def test_most_free_memory_comes_first(self) -> None:
        survey = GpuSurvey((gpu("0", 10), gpu("1", 70), gpu("2", 40)))
        assert chosen(survey, GpuNeed()) == ["1", "2", "0"]

    def test_too_little_memory_is_said(self) -> None:
        survey = GpuSurvey((gpu("0", 1.5), gpu("1", 8), gpu("2", None)), ("GPU 3: GPU is lost",))
        choice = choose_gpus(survey, GpuNeed(memory=8 * GIB), GpuRules())
        assert [each.index for each in choice.usable] == ["1", "2"]
        assert choice.why() == "GPU 0: 1.5 GiB free, 8.0 GiB needed; GPU 3: GPU is lost"

    def test_only_allowed_and_named_ones_count(self) -> None:
        survey = GpuSurvey(tuple(gpu(str(n), 70) for n in range(3)))
        assert chosen(survey, GpuNeed(), GpuRules(allow=("0", "GPU-2"))) == ["0", "2"]
        assert chosen(survey, GpuNeed(named="2"), GpuRules(allow=("0", "GPU-2"))) == ["2"]
        assert chosen(survey, GpuNeed(named="1"), GpuRules(allow=("0", "GPU-2"))) == []

    def test_slices_serve_one_at_a_time(self) -> None:
        survey = GpuSurvey((gpu("0:0", 10), gpu("0:1", 10), gpu("1", 70), gpu("2", 70)))
        assert chosen(survey, GpuNeed(count=2)) == ["1", "2"]
        assert chosen(survey, GpuNeed(named="0")) == ["0:0", "0:1"]

    def test_a_process_of_others_is_respected(self) -> None:
        survey = GpuSurvey((gpu("0", 71, THEIRS), gpu("1", 10, MINE)))
        choice = choose_gpus(survey, GpuNeed(), GpuRules(max_foreign=0.1))
        assert [each.index for each in choice.usable] == ["1"]
        assert choice.refused == {"0": "process 4711 bob vllm holds 9.0 GiB"}
        assert chosen(survey, GpuNeed(), GpuRules(max_foreign=0.5)) == ["0", "1"]


class TestCrowding:
    def test_counts_all_processes_of_others(self) -> None:
        five = [GpuProcess(pid, 5 * GIB) for pid in (11, 12)]
        assert crowding(gpu("0", 10, *five, MINE), 0.1) == "process 11 and 1 more holds 10.0 GiB"

    @pytest.mark.parametrize("memory", [None, 0, 8 * GIB])
    def test_up_to_the_share_is_nothing(self, memory: int | None) -> None:
        assert crowding(gpu("0", 10, GpuProcess(11, memory)), 0.1) is None
