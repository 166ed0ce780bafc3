"""What a run trains on: leased, lent or the CPU, and hidden from it all else."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pynvml
import pytest

from sftsec_core.api.contracts import GpuLease, GpuRequest, LauncherSpec, RecipeSpec
from sftsec_core.api.errors import TrainingError, TrainingInterruptedError
from sftsec_core.api.hookspecs import hookimpl
from sftsec_core.operations.context import Context
from sftsec_core.operations.preflight import read
from sftsec_core.operations.retrain import retrain
from sftsec_core.operations.running import running
from sftsec_core.operations.training_device import (
    TrainingDevice,
    only_visible,
    training_device,
)
from tests.core.operations.secret_task import Observer, context
from tests.servers.nvml import FakeGpu, driver_of

VISIBLE = "CUDA_VISIBLE_DEVICES"
LOST = pynvml.NVML_ERROR_GPU_IS_LOST


@pytest.mark.parametrize(
    ("device", "seen"),
    [
        *(("cuda:0", "0"), ("cuda:3", "3"), ("cuda", "0"), ("cpu", "")),
        *(("GPU-a", "GPU-a"), ("MIG-1,GPU-b", "MIG-1,GPU-b")),
    ],
)
def test_only_the_lent_device_is_visible(
    monkeypatch: pytest.MonkeyPatch, device: str, seen: str
) -> None:
    monkeypatch.setenv(VISIBLE, "0,1,2,3")
    with only_visible(device):
        assert os.environ[VISIBLE] == seen
    assert os.environ[VISIBLE] == "0,1,2,3"


def test_unset_variable_is_unset_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VISIBLE, raising=False)
    with pytest.raises(KeyboardInterrupt), only_visible("cuda:1"):
        raise KeyboardInterrupt
    assert VISIBLE not in os.environ


@pytest.mark.parametrize("device", ["tpu:0", "cuda:x", "", "GPU-a,0", "GPU-a;rm"])
def test_unknown_device_is_refused(device: str) -> None:
    with pytest.raises(TrainingError, match="write cuda:N, cpu or"), only_visible(device):
        pass


def test_process_with_cuda_cannot_be_confined(monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    with pytest.raises(TrainingError, match="in use already"), only_visible("cuda:1"):
        pass
    with only_visible("cuda:1", own_process=True):
        assert os.environ[VISIBLE] == "1"


def site(folder: Path, observer: Observer, gpu: Any = None, **train: Any) -> Context:
    """The secret task with these settings under `train` and `gpu`."""
    with context(folder, observer, "slow") as plain:
        settings = json.loads(plain.file.read_text())
    settings["tasks"]["secret"]["train"].update(train)
    plain.file.write_text(json.dumps({**settings, "gpu": gpu or {}}))
    found = read(plain.file)[0]
    return Context(plain.file, found, plain.plugins, actor=plain.actor)


@contextmanager
def training(work: Context) -> Iterator[TrainingDevice]:
    """What the task's recipe would train on, within a run."""
    plugins, train = work.plugins, work.task("secret").train
    launcher = plugins.specs(LauncherSpec)[train.launcher.name]
    recipe = plugins.specs(RecipeSpec)[train.recipe.name]
    with running(work, "retrain", "secret") as run, training_device(run, launcher, [recipe]) as got:
        yield got


def seen_by(work: Context) -> tuple[str | None, str | None]:
    """The device's name, and what the process that trains may see."""
    with training(work) as device:
        return device.name, os.environ.get(VISIBLE)


def ends(work: Context) -> list[tuple[str | None, str]]:
    """How the leases ended, the first one first."""
    every = work.store.gpu_leases.list(ended=True)[::-1]
    return [(each.end, ",".join(each.devices)) for each in every]


def release_while_it_trains(work: Context) -> None:
    """Take the GPU away, and train on until that is noticed."""
    with training(work) as device:
        (lease,) = work.store.gpu_leases.list()
        work.store.gpu_leases.release(lease.id, "tonight's inference")
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            device.check()
            time.sleep(0.01)


class Lender(Observer):
    """A cluster's scheduler."""

    asked: GpuRequest | None = None

    @hookimpl
    def sftsec_acquire_gpu(self, request: GpuRequest) -> AbstractContextManager[GpuLease]:
        self.asked = request
        return nullcontext(GpuLease("GPU-z"))


class TestLease:
    def test_the_freest_gpu_is_leased_and_returned(self, folder: Path, observer: Observer) -> None:
        gpus = (FakeGpu("GPU-a", used=40), FakeGpu("GPU-b"))
        with driver_of(*gpus), site(folder, observer) as work:
            assert seen_by(work) == ("GPU-b", "GPU-b")
            assert ends(work) == [("returned", "GPU-b")]
        assert VISIBLE not in os.environ

    def test_a_recipe_without_gpus_leases_none(self, folder: Path, observer: Observer) -> None:
        with driver_of(FakeGpu("GPU-a")), site(folder, observer, recipe="linear") as work:
            assert seen_by(work) == (None, None)
            assert ends(work) == []

    @pytest.mark.parametrize(
        ("device", "got"), [("cuda:1", "GPU-b"), ("GPU-c", "GPU-c"), ("cuda", "GPU-a")]
    )
    def test_a_named_device_is_the_only_one(
        self, folder: Path, observer: Observer, device: str, got: str
    ) -> None:
        gpus = (FakeGpu(f"GPU-{name}") for name in "abc")
        with driver_of(*gpus), site(folder, observer, device=device) as work:
            assert seen_by(work) == (got, got)

    def test_the_cpu_is_leased_to_all(self, folder: Path, observer: Observer) -> None:
        with driver_of(FakeGpu("GPU-a")), site(folder, observer, device="cpu") as work:
            assert seen_by(work) == ("cpu", "")
            assert ends(work) == []

    def test_without_a_gpu_nothing_is_hidden(self, folder: Path, observer: Observer) -> None:
        with driver_of(), site(folder, observer) as work:
            assert seen_by(work) == (None, None)

    def test_what_a_plugin_lends_comes_first(self, folder: Path) -> None:
        lender, needs = Lender(), {"memory": "8GB", "gpus": 1}
        with driver_of(FakeGpu("GPU-a")), site(folder, lender, needs=needs) as work:
            assert seen_by(work) == ("GPU-z", "GPU-z")
            assert ends(work) == []
        assert lender.asked is not None
        assert (lender.asked.memory_gb, lender.asked.gpus) == (8, 1)

    def test_falls_back_on_the_cpu(self, folder: Path, observer: Observer) -> None:
        with driver_of(FakeGpu("GPU-a", processes={1: 60.0})), site(folder, observer) as work:
            assert seen_by(work) == ("cpu", "")


class TestLoss:
    def test_a_lost_gpu_interrupts_and_is_avoided(self, folder: Path) -> None:
        seen: list[str | None] = []

        class Training(Observer):
            def fit_here(self, *order: Any) -> None:
                seen.append(os.environ.get(VISIBLE))
                if len(seen) == 1:
                    driver.gpus[0].error = LOST
                    raise TrainingError("CUDA error: unspecified launch failure")
                super().fit_here(*order)

        gpus = (FakeGpu("GPU-a"), FakeGpu("GPU-b", used=1))
        with driver_of(*gpus) as driver, site(folder, Training()) as work:
            with pytest.raises(TrainingInterruptedError, match=r"GPU 0: GPU is lost \(GPU-a\)"):
                retrain(work, "secret")
            (before,) = work.store.runs.list("secret")
            assert before.status == "interrupted"
            driver.gpus[0].error = 0
            assert retrain(work, "secret").run.id == before.id
            assert ends(work) == [("failed", "GPU-a"), ("returned", "GPU-b")]
        assert seen == ["GPU-a", "GPU-b"]

    def test_an_error_of_the_recipe_stays_one(self, folder: Path, observer: Observer) -> None:
        with driver_of(FakeGpu("GPU-a")), site(folder, observer) as work:
            with pytest.raises(TrainingError, match="not a number") as failed, training(work):
                raise TrainingError("the loss is not a number")
            assert not isinstance(failed.value, TrainingInterruptedError)
            assert ends(work) == [("returned", "GPU-a")]

    def test_a_released_lease_ends_the_run(self, folder: Path, observer: Observer) -> None:
        watch = {"lease": "3s", "watch": "1s"}
        with driver_of(FakeGpu("GPU-a")), site(folder, observer, watch) as work:
            with pytest.raises(TrainingInterruptedError, match="tonight's inference"):
                release_while_it_trains(work)
            assert ends(work) == [("released", "GPU-a")]
            assert work.store.runs.list("secret")[0].status == "interrupted"
