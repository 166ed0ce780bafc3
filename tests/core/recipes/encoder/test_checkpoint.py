"""Kills, reruns and what may not be resumed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from sftsec_core.api.domain import Batch
from sftsec_core.recipes.config import EncoderSettings
from sftsec_core.recipes.encoder.checkpoint import (
    checkpoint_folder,
    claim_folder,
    read_state,
    read_weights,
)
from sftsec_core.recipes.encoder.full import train_full
from sftsec_core.recipes.encoder_files import PICKLE_SUFFIXES
from tests.core.recipes import tiny_encoder
from tests.core.recipes.tiny_encoder import PROBES, make_examples, make_job

THREADS = 1  # the order of a sum, and so its last bit, depends on their number


@pytest.fixture(scope="module")
def uninterrupted(
    encoder: EncoderSettings, tmp_path_factory: pytest.TempPathFactory
) -> NDArray[np.float64]:
    import torch

    torch.set_num_threads(THREADS)  # before the fixture that does it for each test
    return train_full(make_job(encoder, tmp_path_factory.mktemp("whole"))).predict_proba(
        Batch.of_texts(PROBES)
    )


@pytest.fixture
def checkpoint_every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sftsec_core.recipes.encoder.loop.CHECKPOINT_EVERY_S", 0.0)


def interrupt_at(step: int) -> Callable[[int, Mapping[str, float]], None]:
    def log(now: int, _values: Mapping[str, float]) -> None:
        if now == step:
            raise KeyboardInterrupt

    return log


def train_until(encoder: EncoderSettings, workdir: Path, step: int) -> None:
    with pytest.raises(KeyboardInterrupt):
        train_full(make_job(encoder, workdir, log=interrupt_at(step)))


def steps_of(encoder: EncoderSettings, workdir: Path, **settings: object) -> list[int]:
    """Train and tell the steps that were logged."""
    steps: list[int] = []
    train_full(make_job(encoder, workdir, log=lambda step, _: steps.append(step), **settings))  # type: ignore[arg-type]
    return steps


class TestResume:
    @pytest.mark.slow
    def test_after_a_kill_gives_the_same_model(
        self, encoder: EncoderSettings, uninterrupted: NDArray[np.float64], tmp_path: Path
    ) -> None:
        predictions = tmp_path / "predictions.json"
        program = [sys.executable, "-W", "error", tiny_encoder.__file__]
        command = [*program, encoder.path, str(tmp_path / "work"), str(predictions)]
        environment = {
            **os.environ,
            "PYTHONPATH": str(Path(__file__).parents[4]),
            "OMP_NUM_THREADS": str(THREADS),
        }
        first = subprocess.Popen([*command, "0.2"], env=environment)
        while not list((tmp_path / "work").glob("full/checkpoint-*/trainer_state.json")):
            assert first.poll() is None, "the run ended before it could be killed"
            time.sleep(0.02)
        first.send_signal(signal.SIGKILL)
        first.wait()
        assert not predictions.exists()
        subprocess.run([*command, "0"], check=True, env=environment)
        np.testing.assert_array_equal(json.loads(predictions.read_text()), uninterrupted)

    @pytest.mark.usefixtures("checkpoint_every_step")
    @pytest.mark.parametrize("step", [3, 8, 9, 15])
    def test_within_an_epoch_gives_the_same_model(
        self,
        step: int,
        encoder: EncoderSettings,
        uninterrupted: NDArray[np.float64],
        tmp_path: Path,
    ) -> None:
        train_until(encoder, tmp_path, step)
        resumed = train_full(make_job(encoder, tmp_path)).predict_proba(Batch.of_texts(PROBES))
        np.testing.assert_array_equal(resumed, uninterrupted)

    @pytest.mark.usefixtures("checkpoint_every_step")
    def test_balanced_batches_go_on_the_same(
        self, encoder: EncoderSettings, tmp_path: Path
    ) -> None:
        whole, parts = tmp_path / "whole", tmp_path / "parts"
        for folder in (whole, parts):
            folder.mkdir()
        expected = train_full(make_job(encoder, whole, batches="balanced"))
        for step in (3, 12):
            with pytest.raises(KeyboardInterrupt):
                train_full(make_job(encoder, parts, batches="balanced", log=interrupt_at(step)))
        resumed = train_full(make_job(encoder, parts, batches="balanced"))
        probes = Batch.of_texts(PROBES)
        np.testing.assert_array_equal(resumed.predict_proba(probes), expected.predict_proba(probes))

    @pytest.mark.usefixtures("checkpoint_every_step")
    def test_repeats_no_steps(self, encoder: EncoderSettings, tmp_path: Path) -> None:
        train_until(encoder, tmp_path, 12)
        assert min(steps_of(encoder, tmp_path)) == 12

    @pytest.mark.usefixtures("checkpoint_every_step")
    def test_does_not_train_a_finished_run(
        self, encoder: EncoderSettings, uninterrupted: NDArray[np.float64], tmp_path: Path
    ) -> None:
        train_full(make_job(encoder, tmp_path))
        assert steps_of(encoder, tmp_path) == []
        again = train_full(make_job(encoder, tmp_path)).predict_proba(Batch.of_texts(PROBES))
        np.testing.assert_array_equal(again, uninterrupted)

    @pytest.mark.usefixtures("checkpoint_every_step")
    def test_stays_stopped_after_early_stopping(
        self, encoder: EncoderSettings, tmp_path: Path
    ) -> None:
        settings = {"epochs": 9, "patience": 1, "learning_rate": 1e-12}  # nothing is ever gained
        assert max(steps_of(encoder, tmp_path, **settings)) == 16
        assert steps_of(encoder, tmp_path, **settings) == []

    @pytest.mark.usefixtures("checkpoint_every_step")
    def test_ignores_another_budget(self, encoder: EncoderSettings, tmp_path: Path) -> None:
        train_until(encoder, tmp_path, 12)
        assert min(steps_of(encoder, tmp_path, budget=timedelta(minutes=99))) > 8


@pytest.mark.usefixtures("checkpoint_every_step")
class TestOtherRun:
    @pytest.mark.parametrize("change", [{"learning_rate": 2e-3}, {"seed": 4}, {"epochs": 2}])
    def test_of_other_settings_is_not_resumed(
        self, change: dict[str, float], encoder: EncoderSettings, tmp_path: Path
    ) -> None:
        train_until(encoder, tmp_path, 12)
        assert min(steps_of(encoder, tmp_path, **change)) == 1

    def test_of_other_data_is_not_resumed(self, encoder: EncoderSettings, tmp_path: Path) -> None:
        train_until(encoder, tmp_path, 12)
        assert min(steps_of(encoder, tmp_path, train=make_examples(61))) == 1


class TestDamagedCheckpoint:
    @pytest.mark.usefixtures("checkpoint_every_step")
    @pytest.mark.parametrize(
        "name",
        ["model.safetensors", "best.safetensors", "optimizer.safetensors", "optimizer.json"],
    )
    @pytest.mark.parametrize("damage", ["missing", "cut"])
    def test_gives_way_to_the_one_before(
        self, name: str, damage: str, encoder: EncoderSettings, tmp_path: Path
    ) -> None:
        train_until(encoder, tmp_path, 12)
        last = tmp_path / "full" / "checkpoint-11"
        if damage == "cut":
            (last / name).write_bytes((last / name).read_bytes()[:-9])
        else:
            (last / name).unlink()
        steps = steps_of(encoder, tmp_path)
        assert 8 <= min(steps) < 12

    @pytest.mark.usefixtures("checkpoint_every_step")
    def test_without_its_state_is_removed(self, encoder: EncoderSettings, tmp_path: Path) -> None:
        train_until(encoder, tmp_path, 12)
        mark = json.loads((tmp_path / "full" / "plan.json").read_text())["fingerprint"]
        (tmp_path / "full" / "checkpoint-11" / "trainer_state.json").unlink()
        found = claim_folder(tmp_path / "full", mark)
        assert found is not None
        assert read_state(found)["global_step"] < 11
        assert not (tmp_path / "full" / "checkpoint-11").exists()


class TestBestEpoch:
    @pytest.fixture
    def falling(self, monkeypatch: pytest.MonkeyPatch) -> None:
        scores = iter([0.9, 0.5, 0.4])
        monkeypatch.setattr("sftsec_core.recipes.goal.Goal.score", lambda *_: next(scores))

    @pytest.mark.usefixtures("falling")
    def test_is_restored_not_the_last(self, encoder: EncoderSettings, tmp_path: Path) -> None:
        # The learning rate depends on the number of epochs: only the first of three will do.
        best = train_full(make_job(encoder, tmp_path / "best", patience=0))
        last = train_full(make_job(encoder, tmp_path / "last", dev=()))
        difference = best.predict_proba(Batch.of_texts(PROBES)) - last.predict_proba(
            Batch.of_texts(PROBES)
        )
        assert np.abs(difference).max() > 1e-3

    @pytest.mark.usefixtures("checkpoint_every_step", "falling")
    def test_survives_a_kill_in_a_later_one(self, encoder: EncoderSettings, tmp_path: Path) -> None:
        whole = train_full(make_job(encoder, tmp_path / "whole", patience=0))
        kept = checkpoint_folder(tmp_path / "whole" / "full", 24)
        first = read_weights(kept / "best.safetensors")
        assert any(
            not tensor.equal(first[name])
            for name, tensor in read_weights(kept / "model.safetensors").items()
        )
        again = train_full(make_job(encoder, tmp_path / "whole", patience=0))
        np.testing.assert_array_equal(
            whole.predict_proba(Batch.of_texts(PROBES)), again.predict_proba(Batch.of_texts(PROBES))
        )


class TestFiles:
    @pytest.mark.usefixtures("checkpoint_every_step")
    def test_none_is_a_pickle(self, encoder: EncoderSettings, tmp_path: Path) -> None:
        train_until(encoder, tmp_path, 15)
        files = [path for path in tmp_path.rglob("*") if path.is_file()]
        assert {path.suffix for path in files} == {".json", ".safetensors"}
        assert not {path.suffix for path in files} & PICKLE_SUFFIXES

    @pytest.mark.usefixtures("checkpoint_every_step")
    def test_none_is_unpickled_on_resume(
        self, encoder: EncoderSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        import pickle

        import torch

        def refuse(*_: object, **__: object) -> None:
            raise AssertionError("something was unpickled")

        train_until(encoder, tmp_path, 12)
        monkeypatch.setattr(torch, "load", refuse)
        monkeypatch.setattr(pickle, "load", refuse)
        monkeypatch.setattr(pickle, "Unpickler", refuse)
        assert steps_of(encoder, tmp_path)
