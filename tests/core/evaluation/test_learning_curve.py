"""What more labels would bring."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from sftsec_core.api.contracts import AuditInput, AuditSpec
from sftsec_core.api.domain import Split
from sftsec_core.evaluation.audits import AUDITS, LearningCurveSettings
from sftsec_core.evaluation.learning_curve import Measured, doubts, learning_curve, nested
from sftsec_core.testing import AuditContract
from tests.core.evaluation.audit_inputs import noisy_examples, refit_input


def split_for(train: int, hint: float = 0.85) -> Split:
    rows = noisy_examples(train + 700, hint=hint)
    return Split(rows[:train], rows[train : train + 600], rows[train + 600 :])


def measured(errors: Sequence[float], noise: float = 0.005) -> list[Measured]:
    rng = np.random.default_rng(1)
    return [
        Measured(100 * 2**i, error, error + noise * rng.normal(size=(2, 200)))
        for i, error in enumerate(errors)
    ]


class TestNested:
    def test_parts_lie_in_larger_ones(self) -> None:
        rows = noisy_examples(300)
        parts = [nested(rows, n, 7) for n in (20, 75, 300)]
        uids = [{each.uid for each in part} for part in parts]
        assert uids[0] < uids[1] < uids[2]
        assert uids[0] != {each.uid for each in nested(rows, 20, 8)}

    def test_classes_keep_their_proportions(self) -> None:
        rows = noisy_examples(300)
        whole, part = (Counter(e.label for e in each) for each in (rows, nested(rows, 90, 7)))
        for label, n in whole.items():
            assert part[label] == pytest.approx(0.3 * n, abs=1)


class TestDoubts:
    def test_power_law_is_believed(self) -> None:
        assert doubts(measured([0.4, 0.3, 0.225, 0.17, 0.127]), "macro_f1") is None

    @pytest.mark.parametrize(
        ("errors", "why"),
        [
            ([0.3, 0.2], "2 sizes of train were measured"),
            ([0.2, 0.2, 0.21, 0.2, 0.22], "did not lower the error"),
            ([0.201, 0.2, 0.2, 0.2, 0.2], "within the noise"),
            ([0.5, 0.4, 0.3, 0.2, 0.45], "without its last point"),
        ],
    )
    def test_other_curves_are_not(self, errors: list[float], why: str) -> None:
        assert why in str(doubts(measured(errors), "macro_f1"))


class TestLearningCurve:
    def test_gain_is_told_or_doubted(self) -> None:
        given = refit_input(split_for(640))
        config = LearningCurveSettings(repeats=2)
        curve = learning_curve(config, given)["recipes"]["linear"]
        assert [each["rows"] for each in curve["points"]] == [40, 80, 160, 320, 640]
        first, last = curve["points"][0], curve["points"][-1]
        assert first["low"] < first["value"] < first["high"]
        assert last["value"] > first["value"]
        assert ("gain" in curve) != ("cannot_tell" in curve)

    def test_nothing_to_learn_promises_nothing(self) -> None:
        given = refit_input(split_for(320, hint=0.5))
        curve = learning_curve(LearningCurveSettings(repeats=1), given)["recipes"]["linear"]
        gain = curve.get("gain", {"low": 0.0})
        assert gain["low"] <= 0.01

    def test_dev_without_attacks_says_so(self) -> None:
        split = split_for(100)
        given = refit_input(Split(split.train, (), split.test))
        told = learning_curve(LearningCurveSettings(), given)
        assert told == {"not_measured": "dev has fewer than two labels to test on"}


class TestLearningCurveAudit(AuditContract):
    def spec(self) -> AuditSpec[Any]:
        return next(spec for spec in AUDITS if spec.name == "learning_curve")

    def config(self) -> dict[str, Any]:
        return {"repeats": 1}

    def sound(self) -> AuditInput:
        return refit_input(split_for(160, hint=1.0))

    def faulty(self) -> AuditInput:
        return refit_input(split_for(160, hint=0.5))
