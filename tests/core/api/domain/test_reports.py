"""What a report says of leaks and of the calibrator."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sftsec_core.api.domain import FittedPart, LeakCheck
from sftsec_core.testing import make_report

KINDS = ("uids", "texts", "near_duplicates", "clusters", "groups")


class TestLeakCheck:
    @pytest.mark.parametrize("kind", KINDS)
    def test_is_clean_without_any_leak(self, kind: str) -> None:
        assert LeakCheck(checked=True).clean
        rows: dict[str, Any] = {kind: 1}
        found = replace(LeakCheck(checked=True), **rows)
        assert not found.clean
        assert found.counts() == {**dict.fromkeys(KINDS, 0), kind: 1}

    def test_is_not_clean_without_a_check(self) -> None:
        assert not LeakCheck().clean


class TestTemperature:
    @pytest.mark.parametrize(("state", "value"), [({"temperature": 2}, 2.0), ({"a": 1}, None)])
    def test_is_that_of_the_calibrator(self, state: dict[str, float], value: float | None) -> None:
        scores = replace(make_report().candidate, calibrator=FittedPart("x", state))
        assert scores.temperature == value
