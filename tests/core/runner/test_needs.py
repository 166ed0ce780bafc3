"""Which runs a worker leaves to hosts with more GPUs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sftsec_core.gpu.choice import GpuRules
from sftsec_core.gpu.devices import GpuSurvey
from sftsec_core.operations import gpu_lease
from sftsec_core.runner.needs import WithinReach
from sftsec_core.store.run_queue import QueuedRun, RunRequest
from sftsec_core.store.store import Store
from tests.core.gpu.test_choice import gpu

BUSY = gpu("0", 0.0)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(None, folder=tmp_path / "state") as opened:
        yield opened


@pytest.fixture
def waiting(store: Store) -> list[QueuedRun]:
    """Runs that need no GPU, one and two, in this order."""
    for count in (0, 1, 2):
        needs = {"gpus": count} if count else None
        store.queue.enqueue(RunRequest("retrain", f"t{count}", {}, "ann", ("admin",), needs=needs))
    return store.queue.waiting()


def tasks(found: object) -> list[str]:
    assert isinstance(found, list)
    return [each.info.task for each in found]


def reach(survey: GpuSurvey, told: list[str], rules: GpuRules | None = None) -> WithinReach:
    return WithinReach(lambda: rules or GpuRules(), None, told.append, lambda: survey)


class TestWithinReach:
    def test_leaves_out_what_is_out_of_reach(self, waiting: list[QueuedRun]) -> None:
        told: list[str] = []
        prefer = reach(GpuSurvey((BUSY,)), told)
        assert tasks(prefer(waiting)) == tasks(prefer(waiting)) == ["t0", "t1"]
        (line,) = told
        assert line.endswith("needs 2 GPUs, which this host has not")

    def test_counts_one_that_does_not_answer(self, waiting: list[QueuedRun]) -> None:
        survey = GpuSurvey((BUSY,), failed=("GPU 1: GPU is lost",))
        assert tasks(reach(survey, [])(waiting)) == ["t0", "t1", "t2"]

    def test_counts_only_what_is_allowed(self, waiting: list[QueuedRun]) -> None:
        survey = GpuSurvey((BUSY, replace(BUSY, index="1", uuid="GPU-1")))
        found = reach(survey, [], GpuRules(allow=("1",)))(waiting)
        assert tasks(found) == ["t0", "t1"]

    @pytest.mark.parametrize(("driver", "left"), [(True, ["t0", "t1", "t2"]), (False, ["t0"])])
    def test_a_mute_driver_may_have_all(
        self,
        waiting: list[QueuedRun],
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        driver: bool,
        left: list[str],
    ) -> None:
        file = tmp_path / "nvidiactl"
        if driver:
            file.touch()
        monkeypatch.setattr(gpu_lease, "_DRIVERS", (file,))
        assert tasks(reach(GpuSurvey(unavailable="no NVML"), [])(waiting)) == left

    def test_another_host_claims_it(self, store: Store, waiting: list[QueuedRun]) -> None:
        small, big = GpuSurvey(), GpuSurvey((BUSY, replace(BUSY, index="1", uuid="GPU-1")))
        assert len(waiting) == 3
        first = store.queue.claim("small", reach(small, []))
        assert first is not None
        assert first.info.task == "t0"
        assert store.queue.claim("small", reach(small, [])) is None
        second = store.queue.claim("big", reach(big, []))
        assert second is not None
        assert second.info.task == "t1"
