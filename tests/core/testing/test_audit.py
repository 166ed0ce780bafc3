"""The contract of audits passes what is right and finds what is wrong."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from sftsec_core.api.contracts import AuditInput, AuditSpec, EmptyConfig
from sftsec_core.api.domain import Batch
from sftsec_core.testing import AuditContract
from tests.core.testing.contracts import checks_of, fails

Section = Mapping[str, Any]


def errors(_config: EmptyConfig, given: AuditInput) -> Section:
    """Right: how many rows of the test part are decided wrongly."""
    found = given.predictions.labels != given.predictions.y
    return {"rows": len(found), "errors": int(found.sum())}


def at_an_hour(config: EmptyConfig, given: AuditInput) -> Section:
    return {**errors(config, given), "at": datetime.now(UTC).isoformat()}


def by_chance(config: EmptyConfig, given: AuditInput) -> Section:
    return {**errors(config, given), "chance": random.random()}  # noqa: S311 - the fault


def by_hash(config: EmptyConfig, given: AuditInput) -> Section:
    return {**errors(config, given), "rows": hash(given.split.test[0].uid)}


def nothing(_config: EmptyConfig, _given: AuditInput) -> Section:
    return {}


def always_content(_config: EmptyConfig, given: AuditInput) -> Section:
    return {"rows": len(given.predictions), "sound": True}


def undefined(config: EmptyConfig, given: AuditInput) -> Section:
    return {**errors(config, given), "gain": float("nan")}


def of_numpy(_config: EmptyConfig, given: AuditInput) -> Section:
    return {"errors": np.sum(given.predictions.labels != given.predictions.y)}


def of_sets(config: EmptyConfig, given: AuditInput) -> Section:
    return {**errors(config, given), "labels": set(given.task.labels)}


def by_number(config: EmptyConfig, given: AuditInput) -> Section:
    return {0: errors(config, given)["errors"]}  # type: ignore[dict-item]  # the fault


def a_list(config: EmptyConfig, given: AuditInput) -> Section:
    return [errors(config, given)]  # type: ignore[return-value]  # the fault


def sorting_in_place(config: EmptyConfig, given: AuditInput) -> Section:
    section = errors(config, given)
    given.predictions.proba.sort(axis=0)
    return section


def with_a_mark(config: EmptyConfig, given: AuditInput) -> Section:
    given.predictions.y[0] = 1 - given.predictions.y[0]
    return errors(config, given)


def wants_dev(config: EmptyConfig, given: AuditInput) -> Section:
    batch = Batch.of_examples(given.task.inputs, given.split.dev)
    return {**errors(config, given), "least": float(given.model.predict_proba(batch).min())}


def wants_times(config: EmptyConfig, given: AuditInput) -> Section:
    assert given.predictions.at is not None
    return {**errors(config, given), "first": str(given.predictions.at.min())}


def wants_attacks(_config: EmptyConfig, given: AuditInput) -> Section:
    attacks = given.predictions.attacks
    missed = attacks & (given.predictions.labels == 0)
    return {"missed": int(missed.sum()) / int(attacks.sum())}


WRONG_AUDITS = {
    at_an_hour: "same_candidate",
    by_chance: "same_candidate",
    by_hash: "same_candidate",
    nothing: "json_values",
    always_content: "tells_a_faulty",
    undefined: "json_values",
    of_numpy: "json_values",
    of_sets: "json_values",
    by_number: "json_values",
    a_list: "json_values",
    sorting_in_place: "leaves",
    with_a_mark: "leaves",
    wants_dev: "any_split",
    wants_times: "any_split",
    wants_attacks: "any_split",
}


def audit(run: Callable[..., Any]) -> AuditSpec[Any]:
    return AuditSpec(name="made", summary="Made for a test", run=run)


class TestErrors(AuditContract):
    """A right one passes everything, inherited."""

    def spec(self) -> AuditSpec[Any]:
        return audit(errors)


class TestWrongAudits:
    @pytest.mark.parametrize(("run", "test"), WRONG_AUDITS.items())
    def test_contract_finds_it(self, run: Callable[..., Any], test: str) -> None:
        contract = AuditContract()
        contract.spec = lambda: audit(run)  # type: ignore[method-assign]
        failed = [name for name in checks_of(AuditContract) if fails(getattr(contract, name))]
        assert any(test in name for name in failed), failed
