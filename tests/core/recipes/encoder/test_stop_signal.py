"""SIGTERM in a training: a checkpoint is written at once, and the rerun loses nothing."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from sftsec_core.api.domain import Batch
from sftsec_core.operations.stopping import sigterm_interrupts
from sftsec_core.recipes.config import EncoderSettings
from sftsec_core.recipes.encoder.full import train_full
from sftsec_core.recipes.encoder.stop_signal import StopSignal
from tests.core.recipes.tiny_encoder import PROBES, make_job


class TestTraining:
    @pytest.mark.parametrize("step", [5, 8], ids=["within an epoch", "at the end of one"])
    def test_saves_before_it_ends(
        self, encoder: EncoderSettings, tmp_path: Path, step: int
    ) -> None:
        sent: list[int] = []

        def log(now: int, _values: Mapping[str, float]) -> None:
            if now == step and not sent:  # an epoch's last step is logged twice
                sent.append(now)
                signal.raise_signal(signal.SIGTERM)

        with pytest.raises(KeyboardInterrupt, match="SIGTERM"), sigterm_interrupts():
            train_full(make_job(encoder, tmp_path / "stopped", log=log))
        (saved,) = (tmp_path / "stopped" / "full").glob("checkpoint-*")
        reached = int(saved.name.rpartition("-")[2])
        assert step <= reached <= step + 1
        steps: list[int] = []
        resumed = train_full(
            make_job(encoder, tmp_path / "stopped", log=lambda now, _: steps.append(now))
        )
        assert min(steps) >= reached
        whole = train_full(make_job(encoder, tmp_path / "whole"))
        probes = Batch.of_texts(PROBES)
        np.testing.assert_array_equal(resumed.predict_proba(probes), whole.predict_proba(probes))


class TestStopSignal:
    def test_waits_for_the_first_only(self) -> None:
        with sigterm_interrupts(), StopSignal() as stop:
            signal.raise_signal(signal.SIGTERM)
            assert stop.asked
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(signal.SIGTERM)

    def test_acts_where_nothing_was_saved(self) -> None:
        before = signal.getsignal(signal.SIGTERM)
        with pytest.raises(KeyboardInterrupt), sigterm_interrupts(), StopSignal():
            signal.raise_signal(signal.SIGTERM)
        assert signal.getsignal(signal.SIGTERM) is before

    def test_leaves_no_handler_behind(self) -> None:
        before = signal.getsignal(signal.SIGTERM)
        with StopSignal() as stop:
            assert signal.getsignal(signal.SIGTERM) is not before
        assert not stop.asked
        assert signal.getsignal(signal.SIGTERM) is before
