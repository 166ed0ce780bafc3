"""Train on the past, test on the next period."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sftsec_core.api.contracts import AuditSpec
from sftsec_core.api.domain import Example, Split
from sftsec_core.evaluation.audits import AUDITS, BacktestSettings
from sftsec_core.evaluation.backtest import backtest_audit, periods_of
from sftsec_core.testing import AuditContract
from tests.core.evaluation.audit_inputs import noisy_examples, refit_input
from tests.core.evaluation.rote_models import BEGIN

HOUR = timedelta(hours=1)


def divided(examples: list[Example]) -> Split:
    n = len(examples)
    return Split(
        examples[: n * 7 // 10], examples[n * 7 // 10 : n * 8 // 10], examples[n * 8 // 10 :]
    )


@st.composite
def streams(draw: st.DrawFn) -> list[Example]:
    """Examples with few distinct times, cases and near-duplicates."""
    rows = st.tuples(st.integers(0, 12), st.integers(-1, 8), st.integers(0, 6), st.booleans())
    return [
        Example.of_text(
            f"u{number}",
            f"text {number % 37}",
            "malicious" if attack else "benign",
            at=BEGIN + hour * HOUR,
            cluster=cluster,
            groups=(f"case-{group}",) if group else (),
        )
        for number, (hour, cluster, group, attack) in enumerate(
            draw(st.lists(rows, min_size=40, max_size=70))
        )
    ]


class TestPeriods:
    @settings(max_examples=60)
    @given(streams(), st.integers(1, 3), st.integers(0, 3))
    def test_training_never_knows_its_period(
        self, examples: list[Example], periods: int, gap: int
    ) -> None:
        config = BacktestSettings(periods=periods, gap=gap * HOUR)
        found = periods_of(examples, config)
        tested = [each.uid for period in found for each in period.split.test]
        assert len(tested) == len(set(tested))
        for period in found:
            past = (*period.split.train, *period.split.dev)
            for part, held_out in (
                (past, period.split.test),
                (period.split.train, period.split.dev),
            ):
                assert {e.digest for e in part}.isdisjoint(e.digest for e in held_out)
                groups = {group for e in held_out for group in e.groups}
                assert groups.isdisjoint(group for e in part for group in e.groups)
                clusters = {e.cluster for e in held_out} - {-1}
                assert clusters.isdisjoint(e.cluster for e in part)
            assert all(e.at and e.at < period.begin - config.gap for e in past)
            earlier = sum(e.at is not None and e.at < period.begin for e in examples)
            assert period.embargoed == earlier - len(past)

    def test_equally_many_in_each(self) -> None:
        found = periods_of(noisy_examples(400), BacktestSettings(periods=4))
        assert [len(each.split.test) for each in found] == [50] * 4
        assert [len(each.split.train) + len(each.split.dev) for each in found] == [
            200,
            250,
            300,
            350,
        ]

    @pytest.mark.parametrize("count", [0, 20])
    def test_few_or_simultaneous_make_none(self, count: int) -> None:
        assert periods_of(noisy_examples(count), BacktestSettings()) == []
        same = [replace(each, at=BEGIN) for each in noisy_examples(200)]
        assert periods_of(same, BacktestSettings()) == []


class TestBacktest:
    def test_drift_shows_in_its_period(self) -> None:
        """From row 450 on, the words mean the opposite."""
        rows = noisy_examples(600, hint=0.95)
        flipped = [
            replace(each, label="benign" if each.label == "malicious" else "malicious")
            for each in rows[450:]
        ]
        given = refit_input(divided([*rows[:450], *flipped]))
        found = backtest_audit(BacktestSettings(periods=4), given)
        figures = [each["models"]["linear"]["figures"]["macro_f1"] for each in found["periods"]]
        assert min(each["low"] for each in figures[:2]) > 0.75
        assert figures[2]["high"] < 0.5

    def test_one_sided_past_is_told(self) -> None:
        rows = noisy_examples(200)
        early = [replace(each, label="benign") for each in rows[:130]]
        given = refit_input(Split(rows, (), rows[150:]))
        found = backtest_audit(
            BacktestSettings(periods=4), replace(given, split=divided([*early, *rows[130:]]))
        )
        assert found["periods"][0]["skipped"] == "the past has one label only"
        assert "models" in found["periods"][-1]

    def test_without_times_says_why(self) -> None:
        rows = [replace(each, at=None) for each in noisy_examples(100)]
        given = refit_input(divided(rows))
        told = backtest_audit(BacktestSettings(), given)
        assert told == {"not_measured": "takes 60 or more examples with times, there are 0"}
        nothing = backtest_audit(BacktestSettings(), replace(given, refit=None))
        assert nothing == {"not_measured": "nothing can be fitted again here"}


class TestBacktestAudit(AuditContract):
    def spec(self) -> AuditSpec[Any]:
        return next(spec for spec in AUDITS if spec.name == "backtest")

    def config(self) -> dict[str, Any]:
        return {"periods": 2}

    def sound(self) -> Any:
        return refit_input(divided(noisy_examples(120, hint=1.0)))

    def faulty(self) -> Any:
        return refit_input(divided(noisy_examples(120, hint=0.5)))
