"""The leak check counts each kind of leak."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sftsec_core.api.domain import TEXT_INPUT, LeakCheck, Split
from sftsec_core.dataset.leaks import check_leaks
from tests.core.dataset.splits import example, many, split


def leak(kind: str) -> Split:
    train, test = example(1), example(2)
    changes: dict[str, dict[str, Any]] = {
        "uid": {"uid": "e0001"},
        "text": {"inputs": train.inputs},
        "near-duplicate": {"inputs": {TEXT_INPUT: f"{train.inputs[TEXT_INPUT]} x"}},
        "cluster": {"cluster": 1},
        "group": {"groups": ("host",)},
    }
    test = replace(test, **changes[kind])
    train = replace(train, groups=("host",))
    return Split([train, *many(40)[3:]], [], [test], "a plugin's")


class TestCheckLeaks:
    def test_passes_a_clean_split(self) -> None:
        check = check_leaks(split(many(), "stratified"))
        assert check == LeakCheck(checked=True)
        assert check.clean

    @pytest.mark.parametrize(
        ("kind", "counted"),
        [
            ("uid", "uids"),
            ("text", "texts"),
            ("near-duplicate", "near_duplicates"),
            ("cluster", "clusters"),
            ("group", "groups"),
        ],
    )
    def test_counts_a_leak_with_an_example(self, kind: str, counted: str) -> None:
        check = check_leaks(leak(kind))
        assert not check.clean
        assert check.counts()[counted] == 2
        assert f"{counted}: 'e0001' (test and train)" in check.examples
