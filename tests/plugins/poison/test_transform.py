"""The transform takes weight from what is poisoned, and asks about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from sftsec_core.api import ConfigError, Example, InputField, InputKind, TaskSpec, TransformSpec
from sftsec_core.testing import TransformContract
from sftsec_poison.config import PoisonSettings
from sftsec_poison.hooks import sftsec_register_transforms
from sftsec_poison.transform import check_inputs, weigh_poison
from tests.plugins.poison.made import PHRASE, TASK, honest_rows, poisoned_rows


class TestPoison(TransformContract):
    def spec(self) -> TransformSpec[Any]:
        return sftsec_register_transforms()[0]

    def task(self) -> TaskSpec:
        return TASK

    def config(self) -> Mapping[str, Any]:
        return {"weight": 0.25}

    def examples(self) -> Sequence[Example]:
        return poisoned_rows(honest_rows(120), 12)


class TestWeighPoison:
    def test_takes_the_weight_of_the_poisoned(self) -> None:
        rows = poisoned_rows(honest_rows())
        made = weigh_poison(PoisonSettings(), rows, TASK, 1)
        weights = {row.uid: row.weight for row in made.examples}
        assert {uid for uid, weight in weights.items() if not weight} == {
            row.uid for row in rows if row.analysts == ("mallory",)
        }
        assert set(made.review) == {uid for uid, weight in weights.items() if not weight}

    def test_counts_what_it_found(self) -> None:
        notes = weigh_poison(PoisonSettings(), poisoned_rows(honest_rows()), TASK, 1).notes
        assert notes == {
            "analysts": 6,
            "judged": 315,
            "with a trigger": 15,
            "wrong": 0,
            "contradicted": 0,
        }

    def test_reason_has_no_words_of_data(self) -> None:
        made = weigh_poison(PoisonSettings(), poisoned_rows(honest_rows()), TASK, 1)
        reasons = set(made.review.values())
        assert reasons
        assert not any(word in reason for reason in reasons for word in PHRASE.split())
        assert all("mallory" in reason and "15 of 15 rows" in reason for reason in reasons)

    def test_asks_nothing_where_told_so(self) -> None:
        rows = poisoned_rows(honest_rows())
        made = weigh_poison(PoisonSettings(review=False), rows, TASK, 1)
        assert (made.review, made.notes["with a trigger"]) == ({}, 15)

    def test_task_without_text_is_refused(self) -> None:
        with pytest.raises(ConfigError, match=r"take it out of `train\.transforms`"):
            check_inputs(PoisonSettings(), [InputField("bytes", InputKind.NUMBER, ("bytes",))])
