"""A run waits for a GPU, as long as it may, and says what it waits for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pynvml
import pytest

from sftsec_core.api.domain import Event, Message
from sftsec_core.api.errors import ConfigError, TrainingError, TrainingInterruptedError
from sftsec_core.operations import gpu_lease
from sftsec_core.operations.context import Context
from sftsec_core.operations.gpu_lease import GpuAcquisition, GpuAsker
from sftsec_core.operations.preflight import check_against_plugins, read
from sftsec_core.operations.running import Run, running
from sftsec_core.store.gpu_leases import GpuLeaseInfo, GpuLeaseOrder
from tests.core.operations.secret_task import Observer, context
from tests.servers.nvml import FakeGpu, driver_of

NO_DRIVER = pynvml.NVML_ERROR_LIBRARY_NOT_FOUND


class Clock:
    """Tells the seconds that were slept; does something at one of them."""

    def __init__(self, at: float = 0, then: Any = None) -> None:
        self.now, self._at, self._then = 0.0, at, then

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        if self._then is not None and self.now >= self._at:
            self._then()
            self._then = None


@contextmanager
def configured(tmp_path: Path, train: Any, gpu: Any) -> Iterator[Context]:
    """The secret task with these settings under `train` and `gpu`."""
    with context(tmp_path, Observer(), "slow") as plain:
        settings = json.loads(plain.file.read_text())
        settings["tasks"]["secret"]["train"].update(train)
        plain.file.write_text(json.dumps({**settings, "gpu": gpu}))
        found = read(plain.file)[0]
        with Context(plain.file, found, plain.plugins, actor=plain.actor) as work:
            yield work


@contextmanager
def begun(tmp_path: Path, train: Any = None, gpu: Any = None) -> Iterator[tuple[Run, list[str]]]:
    """A run of the secret task, and what it says."""
    said: list[str] = []

    def hear(event: Event) -> None:
        if isinstance(event, Message):
            said.append(event.text)

    with configured(tmp_path, train or {}, gpu or {}) as work:
        work._sinks = (hear,)
        with running(work, "retrain", "secret") as run:
            yield run, said


def take(run: Run, device: str, holder: str = "other") -> GpuLeaseInfo:
    """Let another run have a device."""
    order = GpuLeaseOrder(holder, "mail", "there", {device: "0"}, timedelta(hours=9))
    lease = run.context.store.gpu_leases.take(order)
    assert lease is not None
    return lease


def acquire(run: Run, clock: Clock | None = None) -> GpuLeaseInfo | str | None:
    """What the run gets to train on."""
    asker, told = GpuAsker.to_train(run), clock or Clock()
    return GpuAcquisition(asker, sleep=told.sleep, monotonic=told).acquire()


class TestWait:
    def test_ends_when_a_lease_is_returned(self, tmp_path: Path) -> None:
        with driver_of(FakeGpu("GPU-a")), begun(tmp_path, {"device": "cuda"}) as (run, said):
            other = take(run, "GPU-a")
            clock = Clock(125, lambda: run.context.store.gpu_leases.end(other.id))
            lease = acquire(run, clock)
        assert isinstance(lease, GpuLeaseInfo)
        assert (list(lease.devices), clock.now) == (["GPU-a"], 126)
        assert said == [
            "waiting for a GPU, 1800 s at most: GPU 0: leased by run other",
            "waiting for a GPU, 1740 s at most: GPU 0: leased by run other",
            "waiting for a GPU, 1680 s at most: GPU 0: leased by run other",
        ]

    def test_is_bounded_and_can_be_resumed(self, tmp_path: Path) -> None:
        gpu = {"wait": "5s", "fallback": "wait"}
        clock = Clock()
        with driver_of(FakeGpu("GPU-a", used=79)):
            with (
                pytest.raises(TrainingInterruptedError, match=r"within 5 s .*1.0 GiB free, 2.0"),
                begun(tmp_path, gpu=gpu) as (run, _),
            ):
                acquire(run, clock)
            assert clock.now == 5
            with begun(tmp_path, gpu=gpu) as (again, _):
                assert again.info.id == run.info.id

    def test_names_a_device_that_rests(self, tmp_path: Path) -> None:
        with driver_of(FakeGpu("GPU-a")), begun(tmp_path) as (run, said):
            run.context.store.gpu_leases.end(take(run, "GPU-a").id, "failed", "GPU is lost")
            assert acquire(run) == "cpu"
        assert "GPU 0: left alone for a while: GPU is lost" in said[-1]

    def test_all_of_several_or_none(self, tmp_path: Path) -> None:
        two = {"device": "cuda", "needs": {"gpus": 2}}
        clock = Clock()
        with (
            driver_of(FakeGpu("GPU-a"), FakeGpu("GPU-b")),
            begun(tmp_path, two, {"wait": "2s"}) as (run, _),
        ):
            other = take(run, "GPU-a")
            with pytest.raises(TrainingInterruptedError, match="2 are needed: GPU 0: leased"):
                acquire(run, clock)
            run.context.store.gpu_leases.end(other.id)
            lease = acquire(run)
            assert isinstance(lease, GpuLeaseInfo)
            assert sorted(lease.devices) == ["GPU-a", "GPU-b"]
            run.context.store.gpu_leases.end(lease.id)


class TestFallback:
    def test_fewer_devices_than_needed_fails_at_once(self, tmp_path: Path) -> None:
        two = {"device": "cuda", "needs": {"gpus": 2}}
        with driver_of(FakeGpu("GPU-a")), begun(tmp_path, two) as (run, _):
            with pytest.raises(TrainingError, match="asks for 2 x cuda") as bad:
                acquire(run)
            assert not isinstance(bad.value, TrainingInterruptedError)

    def test_a_lost_gpu_leaves_the_run_resumable(self, tmp_path: Path) -> None:
        lost = FakeGpu("GPU-a", error=pynvml.NVML_ERROR_GPU_IS_LOST)
        with driver_of(lost):
            with (
                pytest.raises(TrainingInterruptedError, match="GPU 0: GPU is lost"),
                begun(tmp_path, {"device": "cuda"}) as (run, _),
            ):
                acquire(run)
            with begun(tmp_path, {"device": "cuda"}) as (again, _):
                assert again.info.id == run.info.id

    def test_waits_for_no_forbidden_device(self, tmp_path: Path) -> None:
        gpu = {"allow": [1], "fallback": "wait"}
        with driver_of(FakeGpu("GPU-a")), begun(tmp_path, gpu=gpu) as (run, said):
            assert acquire(run) == "cpu"
        assert "GPU 0: gpu.allow does not name it" in said[-1]

    def test_without_a_driver_torch_chooses(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(gpu_lease, "_DRIVERS", ())
        with driver_of(init=NO_DRIVER), begun(tmp_path) as (run, said):
            assert acquire(run) is None
            assert said == []

    def test_without_a_driver_cuda_is_an_error(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(gpu_lease, "_DRIVERS", ())
        with (
            driver_of(init=NO_DRIVER),
            begun(tmp_path, {"device": "cuda:1"}) as (run, _),
            pytest.raises(TrainingError, match="there is no GPU to lease: the NVIDIA driver"),
        ):
            acquire(run)

    def test_an_unleasable_gpu_brings_a_warning(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(gpu_lease, "_DRIVERS", (tmp_path,))
        with driver_of(init=NO_DRIVER), begun(tmp_path, {"device": "cuda"}) as (run, said):
            assert acquire(run) is None
            assert said[-1].startswith("GPUs are used without a lease: the NVIDIA driver")


class TestSettings:
    @pytest.mark.parametrize(
        ("train", "gpu", "place"),
        [
            ({"device": "gpu:0"}, {}, "device"),
            ({"needs": {"gpus": 0}}, {}, "gpus"),
            ({"needs": {"memory": "much"}}, {}, "memory"),
            ({"needs": {"cards": 1}}, {}, "cards"),
            ({}, {"allow": ["first"]}, "allow"),
            ({}, {"fallback": "tpu"}, "fallback"),
            ({}, {"max_foreign": 2}, "max_foreign"),
        ],
    )
    def test_nonsense_is_refused(self, tmp_path: Path, train: Any, gpu: Any, place: str) -> None:
        with pytest.raises(ConfigError, match=place), configured(tmp_path, train, gpu):
            pass

    def test_no_recipe_uses_more_than_it_can(self, tmp_path: Path) -> None:
        with configured(tmp_path, {"recipe": "full", "needs": {"gpus": 2}}, {}) as work:
            with pytest.raises(ConfigError, match="'full' uses 1 GPU at most, not 2") as bad:
                check_against_plugins(work.settings, work.plugins, work.file)
            assert bad.value.path == "tasks.secret.train.needs.gpus"
