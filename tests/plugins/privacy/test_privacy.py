"""The audit finds what the linear recipe remembers, and what the private one does not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sftsec_core.api import AuditInput, AuditSpec
from sftsec_core.recipes.specs import LINEAR
from sftsec_core.testing import AuditContract
from sftsec_privacy.hooks import sftsec_register_audits, sftsec_register_recipes
from tests.plugins.privacy.inputs import candidate

(SPEC,) = sftsec_register_audits()
(PRIVATE,) = sftsec_register_recipes()
SMALL = {"shadows": 6, "rows": 400, "canaries": 8}


def audit(given: AuditInput, **settings: Any) -> Any:
    return SPEC.run(SPEC.configure({**SMALL, **settings}), given)


@pytest.fixture(scope="module")
def linear() -> AuditInput:
    return candidate(LINEAR, 400)


class TestPrivacy(AuditContract):
    def spec(self) -> AuditSpec[Any]:
        return SPEC

    def config(self) -> Mapping[str, Any]:
        return SMALL

    def sound(self) -> AuditInput:
        return candidate(LINEAR, 200, regularization=1e-6)

    def faulty(self) -> AuditInput:
        return candidate(LINEAR, 200)

    def test_finds_what_linear_remembers(self, linear: AuditInput) -> None:
        section = audit(linear)
        figures = section["figures"]
        assert section["outcome"] == "warning"
        assert 0.6 < figures["low"] < figures["membership_auc"] < figures["high"]
        assert (figures["rows"], figures["shadows"]) == (400, 6)
        assert figures["ngrams_of_one"] == 0
        assert "private_linear" in section["advice"]
        assert section["tables"][0]["rows"]

    def test_finds_little_with_noise(self) -> None:
        figures = audit(candidate(PRIVATE, 400, epsilon=2.0, features=512))["figures"]
        assert figures["membership_auc"] < 0.55
        assert figures["low"] < 0.53
        assert figures["exposure"] < 2.5
        assert figures["ngrams"] is None

    def test_finds_ngrams_of_one_incident(self) -> None:
        section = audit(candidate(LINEAR, 120, min_incidents=1), canaries=0)
        assert section["figures"]["ngrams_of_one"] > 0
        assert section["figures"]["exposure"] is None
        assert "Set `min_incidents`" in section["advice"]

    def test_says_why_nothing_was_measured(self, linear: AuditInput) -> None:
        assert "nothing can be fitted again here" in audit(replace(linear, refit=None))["found"]
        slow = replace(linear, fit_seconds=7200.0)
        assert "the budget is 60 s" in audit(slow, budget=timedelta(minutes=1))["found"]
        few = audit(candidate(LINEAR, 80))
        assert few["outcome"] == "not_measured"
        assert "it takes 100" in few["found"]
