"""Which recipes are fitted again, and how many times."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sftsec_core.api.contracts import AuditInput
from sftsec_core.api.domain import Example, Split
from sftsec_core.api.predictions import Predictions
from sftsec_core.evaluation.refits import apart, fit_each, plan_recipes
from tests.core.evaluation.audit_inputs import answered
from tests.core.evaluation.rote_models import BINARY, RoteModel, examples

MINUTE = timedelta(minutes=1)
SPLIT = Split(examples("train", [0, 1] * 50), (), ())


def candidate(recipe: str, seconds: float | None) -> AuditInput:
    ours = answered([0, 1], [0.1, 0.9])
    model = RoteModel(BINARY.labels, 1.0)
    return AuditInput(BINARY, SPLIT, model, ours, recipe=recipe, fit_seconds=seconds)


class TestPlan:
    def test_candidate_is_fitted_where_it_is_cheap(self) -> None:
        assert plan_recipes(candidate("hybrid", 10), MINUTE, 300).recipes == ("linear", "hybrid")

    def test_expensive_candidate_is_left_out_with_reason(self) -> None:
        plan = plan_recipes(candidate("full", 60), MINUTE, 300)
        assert plan.recipes == ("linear",)
        assert plan.left_out == "full would train about 180 s, and the budget is 60 s"

    def test_baseline_is_not_fitted_twice(self) -> None:
        assert plan_recipes(candidate("linear", 1), MINUTE, 300).recipes == ("linear",)
        unknown = plan_recipes(candidate("full", None), MINUTE, 300)
        assert unknown.left_out == "how long full trains is not known"


class TestFitEach:
    def test_budget_ends_the_fits(self) -> None:
        now, told = [0.0], []

        def refit(recipes: Sequence[str], split: Split) -> dict[str, Predictions]:
            now[0] += 25
            return {name: answered([0, 1], [0.1, 0.9]) for name in recipes}

        found = fit_each(
            refit, ["linear"], [SPLIT] * 4, MINUTE, lambda *at: told.append(at), lambda: now[0]
        )
        assert [each is not None for each in found] == [True, True, False, False]
        assert told == [(0, 4), (1, 4)]


class TestApart:
    def test_shared_things_are_left_out(self) -> None:
        held = Example.of_text("a", "one", "benign", cluster=3, groups=("case-1",))
        rows = [
            held,
            Example.of_text("b", "one", "benign"),
            Example.of_text("c", "two", "benign", cluster=3),
            Example.of_text("d", "three", "benign", groups=("case-2", "case-1")),
            Example.of_text("e", "four", "benign", groups=("case-2",)),
        ]
        assert [each.uid for each in apart(rows, [held])] == ["e"]
