"""The audit `explanation`: words that decide, words that do not, and shortcuts."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sftsec_core.api import AuditInput, Batch, Example, Split
from sftsec_core.api.predictions import Predictions
from sftsec_core.testing import make_audit_input, make_task
from sftsec_explain.audit import explanation
from sftsec_explain.config import ExplanationSettings
from tests.plugins.explain.test_words import Additive, Exact

TASK = make_task()
_FILL = "alpha bravo carol delta echo foxtrot golf hotel india juliet kilo lima".split()  # noqa: SIM905 - reads better


class Liar(Exact):
    """Says that `bad` decides, and decides by the length of the text."""

    weights = {"bad": 1.5}  # noqa: RUF012 - of a test

    def predict_proba(self, batch: Batch) -> Any:
        attack = np.array([0.9 if len(text.split()) > 5 else 0.1 for text in batch.text()])
        return np.stack([1 - attack, attack], axis=1)


def rows(words: Sequence[str], count: int = 40) -> list[Example]:
    """Attacks that each have two of the words among others."""
    draw = random.Random(5)  # noqa: S311 - texts that can be repeated
    found = []
    for number in range(count):
        text = [*draw.sample(_FILL, 6), *draw.sample(list(words), min(2, len(words)))]
        draw.shuffle(text)
        found.append(Example.of_text(f"a{number}", " ".join(text), "malicious"))
    return found


def given(model: Any, test: list[Example]) -> AuditInput:
    """An input whose candidate is asked as it serves, at 0.5."""

    def rescore(examples: Sequence[Example]) -> Predictions:
        proba = model.predict_proba(Batch.of_examples(TASK.inputs, examples))
        y = np.array([TASK.labels.index(each.label) for each in examples])
        return Predictions(y, proba, 0)

    base = make_audit_input()
    found = replace(base, task=TASK, split=Split((), (), test), model=model, rescore=rescore)
    return replace(found, predictions=rescore(test))


def section(model: Any, test: list[Example], **settings: Any) -> Any:
    return explanation(ExplanationSettings(**settings), given(model, test))


class TestWords:
    @pytest.mark.parametrize("model", [Exact(), Additive()])
    def test_that_decide_are_held(self, model: Any) -> None:
        found = section(model, rows(["evil", "bad"]), common=1.0)
        assert found["outcome"] == "held"
        assert found["figures"]["turned"] == 1.0
        assert found["figures"]["turned_by_chance"] < 0.5
        assert found["figures"]["p"] < 1e-6

    def test_that_do_not_decide_are_a_warning(self) -> None:
        found = section(Liar(), rows(["bad"]), common=1.0)
        assert found["outcome"] == "warning"
        assert "chance alone explains as well" in found["found"]
        assert "method: occlusion" in found["advice"]

    def test_of_nearly_all_alerts_are_a_shortcut(self) -> None:
        found = section(Exact(), rows(["evil", "bad"]))
        assert found["figures"]["most_common"] == 1.0
        assert "take that field out" in found["advice"]
        [table] = found["tables"]
        assert {row[0] for row in table["rows"]} == {"evil", "bad"}
        assert table["texts"]
        assert "evil" not in found["found"] + found["advice"]


class TestMeasured:
    def test_few_alerts_are_not(self) -> None:
        found = section(Exact(), rows(["evil", "bad"], 9))
        assert found["outcome"] == "not_measured"
        assert "9 alerts of test" in found["found"]

    def test_model_that_cannot_be_asked_is_not(self) -> None:
        unasked = replace(given(Exact(), rows(["evil", "bad"])), rescore=None)
        assert explanation(ExplanationSettings(), unasked)["outcome"] == "not_measured"

    def test_same_draws_give_the_same(self) -> None:
        test = rows(["evil", "bad", "signed"])
        assert section(Exact(), test) == section(Exact(), test)
