"""The time that training takes, and its rates."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sftsec_core.api.domain import Batch
from sftsec_core.api.errors import TrainingError
from sftsec_core.recipes.config import EncoderSettings
from sftsec_core.recipes.encoder.checkpoint import read_plan
from sftsec_core.recipes.encoder.full import train_full
from sftsec_core.recipes.encoder.speed import Speed
from sftsec_core.recipes.encoder.trainer import estimate, estimate_seconds
from tests.core.recipes.tiny_encoder import PROBES, make_examples, make_job


def set_speed(monkeypatch: pytest.MonkeyPatch, seconds_a_step: float) -> None:
    monkeypatch.setattr(
        "sftsec_core.recipes.encoder.trainer.measure_speed",
        lambda *_, **__: Speed(per_step_s=seconds_a_step, per_token_s=0.0),
    )


class TestDeadline:
    def test_leaves_out_epochs_not_the_decay(
        self, encoder: EncoderSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        set_speed(monkeypatch, 100.0)
        rates: dict[int, float] = {}

        def log(step: int, values: object) -> None:
            assert isinstance(values, dict)
            rates[step] = values.get("learning_rate", rates.get(step, 1.0))

        train_full(make_job(encoder, tmp_path, epochs=50, deadline_s=2000.0, log=log))
        plan = read_plan(tmp_path / "full")
        assert plan is not None
        assert 1 < plan.epochs < 3
        assert max(rates) < 24
        assert rates[max(rates)] < max(rates.values()) / 5

    def test_that_fits_keeps_the_epochs(
        self, encoder: EncoderSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        set_speed(monkeypatch, 0.001)
        train_full(make_job(encoder, tmp_path, deadline_s=3600.0))
        plan = read_plan(tmp_path / "full")
        assert plan is not None
        assert plan.epochs == 3

    def test_that_fits_changes_no_model(self, encoder: EncoderSettings, tmp_path: Path) -> None:
        free = train_full(make_job(encoder, tmp_path / "a"))
        bound = train_full(make_job(encoder, tmp_path / "b", deadline_s=3600.0))
        np.testing.assert_array_equal(
            free.predict_proba(Batch.of_texts(PROBES)), bound.predict_proba(Batch.of_texts(PROBES))
        )

    @pytest.mark.parametrize("dev", [None, ()], ids=["with dev", "without dev"])
    def test_stops_a_slow_run_in_time(
        self,
        dev: tuple[()] | None,
        encoder: EncoderSettings,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        set_speed(monkeypatch, 1e-6)
        steps: list[int] = []

        def log(step: int, _values: object) -> None:
            steps.append(step)
            time.sleep(0.3)

        job = make_job(encoder, tmp_path, epochs=6, dev=dev, deadline_s=4.0, log=log)
        assert train_full(job).predict_proba(Batch.of_texts(PROBES)).shape == (len(PROBES), 2)
        assert 1 <= max(steps) < 48

    def test_that_teaches_nothing_trains_nothing(
        self, encoder: EncoderSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        set_speed(monkeypatch, 100.0)
        steps: list[int] = []
        job = make_job(
            encoder, tmp_path, deadline_s=700.0, log=lambda step, _values: steps.append(step)
        )
        with pytest.raises(TrainingError, match=r"8 are the least that teach anything: raise"):
            train_full(job)
        assert steps == []

    def test_may_hold_a_part_of_an_epoch(
        self, encoder: EncoderSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        set_speed(monkeypatch, 100.0)
        rates: dict[int, float] = {}

        def log(step: int, values: Mapping[str, float]) -> None:
            rates.setdefault(step, values.get("learning_rate", 1.0))

        job = make_job(
            encoder, tmp_path, train=make_examples(400), epochs=2, deadline_s=3400.0, log=log
        )
        train_full(job)
        plan = read_plan(tmp_path / "full")
        assert plan is not None
        assert 0.5 < plan.epochs < 0.65
        assert max(rates) == math.ceil(plan.epochs * 50)
        assert rates[max(rates)] < max(rates.values()) / 5

    def test_reserves_one_bounded_evaluation(
        self, encoder: EncoderSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Dev is a hundred times what is trained on: it takes a bounded part of the time."""
        monkeypatch.setattr(
            "sftsec_core.recipes.encoder.trainer.measure_speed",
            lambda *_, **__: Speed(per_step_s=1.0, per_token_s=0.1),
        )
        dev = make_examples(6000)
        plans = {}
        for dev_rows in (50, 4000):
            job = make_job(encoder, tmp_path / str(dev_rows), dev=dev, dev_rows=dev_rows)
            plans[dev_rows] = estimate(job)
        assert plans[50].evaluation_s < plans[50].epoch_s
        assert plans[4000].evaluation_s == pytest.approx(80 * plans[50].evaluation_s, rel=0.01)

    def test_evaluates_a_sample_of_dev(
        self, encoder: EncoderSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from sftsec_core.recipes.encoder.classifier import read_logits

        scored: list[int] = []

        def counting(module: Any, texts: Any, collator: Any) -> Any:
            scored.append(len(texts))
            return read_logits(module, texts, collator)

        monkeypatch.setattr("sftsec_core.recipes.encoder.loop.read_logits", counting)
        train_full(make_job(encoder, tmp_path, dev=make_examples(200), dev_rows=60, epochs=1))
        assert scored == [60]


def hold_at_most(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a step of more rows fail as it does on a GPU that is too small."""
    import torch

    from sftsec_core.recipes.encoder import speed
    from sftsec_core.recipes.encoder.loss import Loss

    timed = speed._timed_step

    computed = Loss.__call__

    def loss(self: Loss, logits: Any, *others: Any, **more: Any) -> Any:
        if logits.requires_grad and len(logits) > rows:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return computed(self, logits, *others, **more)

    def step(*given: Any) -> float:
        if len(given[2]) > rows:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return timed(*given)

    monkeypatch.setattr(Loss, "__call__", loss)
    monkeypatch.setattr(speed, "_timed_step", step)


class TestMemory:
    @pytest.mark.parametrize("deadline_s", [None, 3600.0], ids=["unbounded", "bounded"])
    def test_too_little_means_parts_of_steps(
        self,
        deadline_s: float | None,
        encoder: EncoderSettings,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        hold_at_most(3, monkeypatch)
        steps: list[int] = []
        model = train_full(
            make_job(
                encoder,
                tmp_path,
                epochs=1,
                deadline_s=deadline_s,
                log=lambda step, _: steps.append(step),
            )
        )
        plan = read_plan(tmp_path / "full")
        assert plan is not None
        assert (plan.rows, plan.parts, max(steps)) == (8, 4, 8)
        assert model.notes == {
            "memory": "the device did not hold a step of 8 texts: taken in 4 parts each"
        }

    def test_too_little_for_one_text_fails(
        self, encoder: EncoderSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        hold_at_most(0, monkeypatch)
        with pytest.raises(TrainingError, match="a training step of one text"):
            train_full(make_job(encoder, tmp_path, epochs=1, deadline_s=3600.0))


class TestEstimate:
    def test_grows_with_the_epochs(
        self, encoder: EncoderSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        set_speed(monkeypatch, 10.0)
        job = make_job(encoder, tmp_path, dev=())
        once = estimate_seconds(replace(job, config=job.config.model_copy(update={"epochs": 1})))
        assert estimate_seconds(job) - once == pytest.approx(2 * 8 * 10, rel=0.05)

    def test_of_many_examples_uses_a_sample(
        self, encoder: EncoderSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        set_speed(monkeypatch, 10.0)
        monkeypatch.setattr("sftsec_core.recipes.encoder.trainer.SAMPLE", 16)
        job = make_job(encoder, tmp_path, train=make_examples(160), dev=(), epochs=1)
        assert estimate_seconds(job) == pytest.approx(20 * 10, rel=0.05)

    def test_writes_nothing_and_measures_something(
        self, encoder: EncoderSettings, tmp_path: Path
    ) -> None:
        assert 0 < estimate_seconds(make_job(encoder, tmp_path)) < 300
        assert list(tmp_path.iterdir()) == []

    def test_of_an_impossible_job_is_refused(
        self, encoder: EncoderSettings, tmp_path: Path
    ) -> None:
        with pytest.raises(TrainingError, match="two labels"):
            estimate_seconds(make_job(encoder, tmp_path, train=make_examples(1)))


class TestWarmup:
    def test_the_first_steps_warm_up(self, encoder: EncoderSettings, tmp_path: Path) -> None:
        rates: dict[int, float] = {}

        def log(step: int, values: object) -> None:
            assert isinstance(values, dict)
            if "learning_rate" in values:
                rates[step] = values["learning_rate"]

        train_full(make_job(encoder, tmp_path, warmup=0.5, log=log))
        assert max(rates, key=lambda step: rates[step]) in {12, 13}
        assert rates[2] < rates[6] < rates[12]
