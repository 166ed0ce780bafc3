"""The candidate and another model on the same rows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from sftsec_core.api.contracts import AuditInput, AuditSpec
from sftsec_core.evaluation.audits import AUDITS
from sftsec_core.evaluation.paired import mcnemar, paired_tests
from sftsec_core.testing import AuditContract, make_audit_input
from tests.core.evaluation.audit_inputs import answered, audit_input, beside

pairs = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=40)


class TestMcNemar:
    @given(pairs)
    def test_p_is_the_binomials(self, rows: list[tuple[bool, bool]]) -> None:
        ours, theirs = np.array(rows).T
        found = mcnemar(ours, theirs)
        b, c = found["only_candidate_right"], found["only_other_right"]
        expected = min(1.0, 2 * binom.cdf(min(b, c), b + c, 0.5))
        assert found["p"] == pytest.approx(expected, abs=1e-12)
        assert sum(value for name, value in found.items() if name != "p") == len(rows)

    def test_published_example_agrees(self) -> None:
        """Agresti, Categorical Data Analysis (2002), 10.1: 86 against 150 changed their mind."""
        ours = np.repeat([True, True, False, False], [794, 150, 86, 570])
        theirs = np.repeat([True, False, True, False], [794, 150, 86, 570])
        # The published asymptotic z is 4.17, two-sided p = 0.00003.
        assert mcnemar(ours, theirs)["p"] == pytest.approx(3.7e-5, rel=0.05)

    def test_equal_models_have_p_one(self) -> None:
        right = np.array([True, False, True])
        assert mcnemar(right, right)["p"] == 1.0


class TestPairedTests:
    def test_sides_and_figures_are_told(self) -> None:
        y = [0] * 60 + [1] * 40
        ours = answered(y, [0.1] * 58 + [0.9] * 2 + [0.9] * 36 + [0.1] * 4)
        theirs = answered(y, [0.1] * 50 + [0.9] * 10 + [0.9] * 20 + [0.1] * 20)
        section = paired_tests(
            _none(), audit_input(ours, others={"live": beside(ours, theirs, "x")})
        )
        pair = section["models"]["live"]
        assert pair["decisions"]["attacks"]["only_candidate_right"] == 16
        assert pair["decisions"]["benign"]["only_candidate_right"] == 8
        assert pair["decisions"]["all"]["only_candidate_right"] == 24
        assert pair["differences"]["recall"]["value"] == pytest.approx(0.4)
        assert pair["differences"]["recall"]["low"] > 0

    def test_rows_it_saw_are_left_out(self) -> None:
        y = [0, 1] * 100
        ours, theirs = answered(y, [0.2, 0.8] * 100), answered(y, [0.8, 0.2] * 100)
        unseen = np.arange(200) < 60
        others = {"live": beside(ours, theirs, "x", unseen)}
        pair = paired_tests(_none(), audit_input(ours, others=others))["models"]["live"]
        assert (pair["rows"], pair["of"]) == (60, 200)
        assert pair["decisions"]["all"]["only_candidate_right"] == 60


class TestPairedAudit(AuditContract):
    def spec(self) -> AuditSpec[Any]:
        return next(spec for spec in AUDITS if spec.name == "paired")

    def sound(self) -> AuditInput:
        return self._beside_a_guesser(make_audit_input())

    def faulty(self) -> AuditInput:
        return self._beside_a_guesser(make_audit_input(right=False))

    def _beside_a_guesser(self, given: AuditInput) -> AuditInput:
        ours = given.predictions
        guesses = ours.with_proba(np.tile([0.6, 0.4], (len(ours), 1)))
        return replace(given, others={"linear": beside(ours, guesses, "linear")})


def _none() -> Any:
    return AUDITS[0].config_model()
