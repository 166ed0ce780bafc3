"""What a model scores on: a GPU that is leased for as long as it scores, or the CPU."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import pynvml
import pytest
from numpy.typing import NDArray

from sftsec_core.api.contracts import GpuLease, GpuRequest, RecipeSpec
from sftsec_core.api.domain import Batch, Decision, Event, Message, Threshold, Vote
from sftsec_core.api.errors import TrainingInterruptedError
from sftsec_core.api.hookspecs import hookimpl
from sftsec_core.operations.context import Context
from sftsec_core.operations.gpu_lease import VISIBLE
from sftsec_core.operations.predict import predict
from sftsec_core.operations.preflight import read
from sftsec_core.operations.score import score
from sftsec_core.operations.scoring_device import scoring_call, scoring_device
from sftsec_core.registry.serving import Serving
from tests.core.evaluation.rote_models import served_with
from tests.core.operations.secret_task import Observer, Oracle, context
from tests.servers.nvml import FakeGpu, driver_of

GPU, BUSY = FakeGpu("GPU-a"), FakeGpu("GPU-a", processes={1: 60.0})
PATIENCE_S = 60
YES = Decision(True, (Vote("test", True, "it is good enough"),))


@dataclass
class Watching(Observer):
    """An observer whose oracle writes down which GPUs it may see, and may do something then."""

    seen: list[str | None] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    act: Any = None
    lends: str = ""

    @hookimpl
    def sftsec_acquire_gpu(self, request: GpuRequest) -> AbstractContextManager[GpuLease] | None:
        return nullcontext(GpuLease(self.lends)) if self.lends else None

    @hookimpl
    def sftsec_register_recipes(self) -> Sequence[RecipeSpec[Any]]:
        watching = self

        class Told(Oracle):
            def predict_proba(self, batch: Batch) -> NDArray[np.float64]:
                watching.seen.append(os.environ.get(VISIBLE))
                if watching.act is not None:
                    watching.act()
                return super().predict_proba(batch)

        specs = super().sftsec_register_recipes()
        return [
            replace(each, fit=lambda _job: Told(), load=lambda _folder: Told())
            if each.name == "oracle"
            else each
            for each in specs
        ]

    @hookimpl
    def sftsec_event(self, event: Event) -> None:
        super().sftsec_event(event)
        if isinstance(event, Message):
            self.said.append(event.text)


def configured(folder: Path, watching: Watching, gpu: Any = None, **train: Any) -> Context:
    """The secret task with these settings under `train` and `gpu`."""
    with context(folder, watching, "oracle") as plain:
        settings = json.loads(plain.file.read_text())
    settings["connectors"]["siem"]["output"] = "detections.jsonl"
    settings["tasks"]["secret"]["train"].update(train)
    plain.file.write_text(json.dumps({**settings, "gpu": gpu or {}}))
    return Context(plain.file, read(plain.file)[0], plain.plugins, actor=plain.actor)


@pytest.fixture
def watching() -> Watching:
    return Watching()


@pytest.fixture
def live(folder: Path, watching: Watching) -> Path:
    """A site whose live model is an oracle, and which has incidents to score."""
    with driver_of(), configured(folder, watching) as work:
        parts = served_with(1.0, Threshold(0.5, "fixed", 0.5))
        serving = Serving(
            work.task_spec("secret"), "oracle", parts.saved_calibrator, parts.saved_decider
        )
        made = work.registry.register(Oracle(), serving, {}, run_id="run-1")
        work.registry.promote("secret", made.digest, YES, by="test")
    (folder / "incidents.jsonl").unlink()
    with (folder / "incidents.jsonl").open("a", encoding="utf-8") as out:
        out.writelines(
            json.dumps({"id": f"n{n}", "message": f"alpha {n}"}) + "\n" for n in range(9)
        )
    return folder


def ends(work: Context) -> list[tuple[str | None, str]]:
    """How the leases ended, the first one first."""
    every = work.store.gpu_leases.list(ended=True)[::-1]
    return [(each.end, ",".join(each.devices)) for each in every]


class TestLease:
    def test_a_scoring_run_holds_one(self, live: Path, watching: Watching) -> None:
        with driver_of(GPU), configured(live, watching) as work:
            found = score(work, "secret")
            (lease,) = work.store.gpu_leases.list(ended=True)
        assert found.scored.scored == 9
        assert set(watching.seen) == {"GPU-a"}
        assert (lease.run_id, lease.end) == (found.run, "returned")

    def test_a_prediction_holds_one(self, live: Path, watching: Watching) -> None:
        with driver_of(GPU), configured(live, watching) as work:
            predict(work, "secret", [{"message": "alpha"}])
            (lease,) = work.store.gpu_leases.list(ended=True)
        assert set(watching.seen) == {"GPU-a"}
        assert (lease.run_id[:8], lease.task, lease.end) == ("predict-", "secret", "returned")
        assert watching.said == []

    def test_none_for_a_model_without_use(self, live: Path, watching: Watching) -> None:
        with driver_of(GPU), configured(live, watching) as work:
            asker = scoring_call(work, "secret", "predict")
            with scoring_device(asker, "linear"):
                assert work.store.gpu_leases.list() == []
            assert ends(work) == []

    def test_a_plugin_may_lend_instead(self, live: Path, watching: Watching) -> None:
        watching.lends = "GPU-z"
        with driver_of(GPU), configured(live, watching) as work:
            score(work, "secret")
            assert ends(work) == []
        assert set(watching.seen) == {"GPU-z"}

    def test_a_device_that_is_named(self, live: Path, watching: Watching) -> None:
        gpus = (FakeGpu("GPU-a"), FakeGpu("GPU-b", used=9))
        with driver_of(*gpus), configured(live, watching, device="cuda:1") as work:
            score(work, "secret")
        assert set(watching.seen) == {"GPU-b"}


class TestWithout:
    def test_a_free_gpu_the_cpu_scores(self, live: Path, watching: Watching) -> None:
        with driver_of(BUSY), configured(live, watching, device="cuda") as work:
            assert score(work, "secret").scored.scored == 9
        assert set(watching.seen) == {""}
        assert any(each.endswith("scoring on the CPU") for each in watching.said)

    def test_any_gpu_no_task_insists(self, live: Path, watching: Watching) -> None:
        with driver_of(), configured(live, watching, device="cuda") as work:
            assert score(work, "secret").scored.scored == 9
        assert set(watching.seen) == {os.environ.get(VISIBLE)}

    def test_a_task_of_the_cpu_uses_none(self, live: Path, watching: Watching) -> None:
        with driver_of(GPU), configured(live, watching, device="cpu") as work:
            score(work, "secret")
            assert ends(work) == []
        assert set(watching.seen) == {""}

    def test_waits_where_it_is_told_to(self, live: Path, watching: Watching) -> None:
        gpu = {"fallback": "wait", "wait": "1s"}
        with driver_of(BUSY), configured(live, watching, gpu) as work:
            with pytest.raises(TrainingInterruptedError, match="no GPU became free"):
                score(work, "secret")
            (before,) = work.store.runs.list("secret", kind="score")
            assert before.status == "interrupted"
        with driver_of(GPU), configured(live, watching, gpu) as work:
            found = score(work, "secret")
        assert (found.run, found.scored.scored) == (before.id, 9)


def hold(folder: Path, gpu: dict[str, str], told: Connection) -> None:
    """Score for ever, in a process of its own."""
    work = configured(folder, Watching(), gpu)
    with work, scoring_device(scoring_call(work, "secret", "predict"), "oracle"):
        told.send([each.run_id for each in work.store.gpu_leases.list()])
        time.sleep(PATIENCE_S)


class TestLoss:
    def test_of_the_gpu_leaves_it_resumable(self, live: Path, watching: Watching) -> None:
        with driver_of(FakeGpu("GPU-a")) as driver, configured(live, watching) as work:

            def lose() -> None:
                driver.gpus[0].error = pynvml.NVML_ERROR_GPU_IS_LOST
                raise RuntimeError("CUDA error: unspecified launch failure")

            watching.act = lose
            with pytest.raises(TrainingInterruptedError, match="GPU is lost"):
                score(work, "secret")
            assert ends(work) == [("failed", "GPU-a")]
            assert work.store.runs.list("secret", kind="score")[0].status == "interrupted"

    def test_of_the_process_frees_the_gpu(self, live: Path, watching: Watching) -> None:
        gpu = {"lease": "3s", "rest": "1s", "fallback": "wait", "wait": "60s"}
        # The child inherits the fake driver, as it would find the real one.
        forking = multiprocessing.get_context("fork")
        mine, theirs = forking.Pipe()
        with driver_of(GPU), configured(live, watching, gpu) as work:
            child = forking.Process(target=hold, args=(live, gpu, theirs))
            child.start()
            assert mine.poll(PATIENCE_S)
            (holder,) = mine.recv()
            os.kill(child.pid or 0, signal.SIGKILL)
            child.join(PATIENCE_S)
            assert score(work, "secret").scored.scored == 9
            assert [end for end, _ in ends(work)] == ["expired", "returned"]
        assert any(f"leased by run {holder}" in each for each in watching.said)
