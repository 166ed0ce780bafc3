"""Flipped labels in a small set cost, and less once `label_errors` has looked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sftsec_core.api.domain import Example
from sftsec_core.api.errors import DataError
from sftsec_core.bench.noise import flip_labels, run_noise_bench

LABELS = ("benign", "malicious")
ROWS = [Example.of_text(f"e{n}", f"text {n}", LABELS[n % 2]) for n in range(40)]


class TestFlipLabels:
    def test_changes_a_share_of_one_label(self) -> None:
        rows, wrong = flip_labels(ROWS, LABELS, "benign", 0.2, 1)
        assert len(wrong) == 4
        changed = {new.uid for old, new in zip(ROWS, rows, strict=True) if new.label != old.label}
        assert changed == wrong
        assert all(row.label == "malicious" for row in rows if row.uid in wrong)
        assert flip_labels(ROWS, LABELS, "benign", 0.2, 1)[1] == wrong
        assert flip_labels(ROWS, LABELS, "benign", 0.2, 2)[1] != wrong

    def test_unknown_label_is_refused(self) -> None:
        with pytest.raises(DataError, match="'ham'; there are benign, malicious"):
            flip_labels(ROWS, LABELS, "ham", 0.2, 1)


class TestRunNoiseBench:
    def test_flips_cost_until_defended(self, data_dir: Callable[[str], Path]) -> None:
        """A fifth of the ham of sms_spam is called spam: more than half of what is called so."""
        [row] = run_noise_bench([data_dir("sms_spam")], labels=["ham"], seeds=(1,))
        assert row["lost_undefended"] > 10
        assert row["lost_defended"] < 1
        assert row["lost_unflipped"] < 0.3
        assert row["found"] > 0.8 * row["flipped"]
        assert row["taken"] < 0.05 * row["rows"]
