"""The kinds of runs: their parameters are checked, and each has what carries it out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from sftsec_core.api.errors import NotFoundError, UsageError
from sftsec_core.operations.jobs import JOBS
from sftsec_core.operations.run_kinds import KINDS, check_parameters, task_of


class TestKinds:
    def test_are_those_that_are_carried_out(self) -> None:
        assert tuple(KINDS) == tuple(JOBS)


class TestParameters:
    @pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "audit-push"])
    def test_all_have_defaults(self, kind: str) -> None:
        assert check_parameters(kind, check_parameters(kind, {}).model_dump(mode="json"))

    @pytest.mark.parametrize(
        ("kind", "given", "message"),
        [
            ("retrain", {"forse": True}, r"'forse' of retrain.*it takes: budget, force, promote"),
            ("request-labels", {"limit": 0}, "'limit' of request-labels"),
            ("audit-push", {}, "'connector' of audit-push: Field required"),
        ],
    )
    def test_name_what_is_wrong(self, kind: str, given: Mapping[str, Any], message: str) -> None:
        with pytest.raises(UsageError, match=message):
            check_parameters(kind, given)

    def test_suggest_the_kind_that_was_meant(self) -> None:
        with pytest.raises(NotFoundError, match="did you mean 'retrain'"):
            check_parameters("retrian", {})


class TestTask:
    def test_is_a_star_where_none_fits(self) -> None:
        assert (task_of("gc", None), task_of("gc", "*"), task_of("score", "mail")) == (
            "*",
            "*",
            "mail",
        )

    @pytest.mark.parametrize(("kind", "task"), [("score", None), ("score", "*"), ("gc", "mail")])
    def test_fits_its_kind(self, kind: str, task: str | None) -> None:
        with pytest.raises(UsageError, match=f"{kind} (works on one|concerns no single) task"):
            task_of(kind, task)
