"""The contract of explainers passes what is right and finds what is wrong."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from sftsec_core.api.contracts import EmptyConfig, ExplainerSpec, ExplainJob
from sftsec_core.api.domain import Attribution, Batch, Explanation, visible
from sftsec_core.testing import ExplainerContract
from tests.core.testing.contracts import checks_of, fails


def right(_config: EmptyConfig, job: ExplainJob) -> list[Explanation]:
    """How much the probability falls without each word."""
    out = []
    for text, (column, other) in zip(job.batch.text(), job.pairs, strict=True):
        words = list(re.finditer(r"\S+", text))[:20]
        rows = [text, *(text[: w.start()] + text[w.end() :] for w in words)]
        whole, *rest = job.proba(Batch.of_texts(rows))[:, column].tolist()
        found = [
            Attribution("text", visible(word[0]), whole - alone, word.span())
            for word, alone in zip(words, rest, strict=True)
        ]
        names = job.model.labels
        found.sort(key=lambda each: -abs(each.contribution))
        why = found[0].words if found else "nothing"
        out.append(Explanation(names[column], names[other], "own", why, tuple(found)))
    return out


def _changed(change: Callable[[Attribution], Attribution]) -> Callable[..., list[Explanation]]:
    def explain(config: EmptyConfig, job: ExplainJob) -> list[Explanation]:
        found = right(config, job)
        return [replace(e, attributions=tuple(map(change, e.attributions))) for e in found]

    return explain


def one_too_few(config: EmptyConfig, job: ExplainJob) -> list[Explanation]:
    return right(config, job)[1:]


def without_words(config: EmptyConfig, job: ExplainJob) -> list[Explanation]:
    return [replace(each, text="") for each in right(config, job)]


def spec_of(explain: Callable[..., Sequence[Explanation]]) -> ExplainerSpec[Any]:
    return ExplainerSpec(name="own", summary="own", explain=explain)


class TestARightExplainer(ExplainerContract):
    def spec(self) -> ExplainerSpec[Any]:
        return spec_of(right)


WRONG = {
    "telling_word": _changed(lambda each: replace(each, contribution=0.0)),
    "signs_turn": _changed(lambda each: replace(each, contribution=abs(each.contribution))),
    "each_row": one_too_few,
    "row_has_an_explanation": without_words,
    "spans_lie": _changed(lambda each: replace(each, span=(0, 100_000))),
    "finite": _changed(lambda each: replace(each, contribution=float("inf"))),
    "same_reasons": _changed(lambda each: replace(each, contribution=random.random())),  # noqa: S311 - the fault
}


class TestWrongExplainers:
    @pytest.mark.parametrize(("test", "explain"), WRONG.items())
    def test_contract_finds_it(self, test: str, explain: Callable[..., Any]) -> None:
        contract = ExplainerContract()
        contract.spec = lambda: spec_of(explain)  # type: ignore[method-assign]
        failed = [name for name in checks_of(ExplainerContract) if fails(getattr(contract, name))]
        assert any(test in name for name in failed), failed
