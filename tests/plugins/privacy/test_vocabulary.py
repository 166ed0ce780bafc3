"""N-grams that stand in one incident alone are found; near-duplicates are one incident."""

from __future__ import annotations

import pytest

from sftsec_core.api import Example
from sftsec_core.api.contracts import held_ngrams
from sftsec_core.recipes.specs import LINEAR
from sftsec_core.testing import make_examples, make_task
from sftsec_privacy.vocabulary import invert
from tests.plugins.privacy.inputs import job_for


def example(number: int, text: str, cluster: int = -1) -> Example:
    return Example.of_text(str(number), text, "benign", cluster=cluster)


class TestInvert:
    def test_finds_what_one_incident_has(self) -> None:
        examples = [example(1, "Alpha beta"), example(2, "beta gamma"), example(3, "beta")]
        found = invert([" bet", "alp", "amma", "zzz"], examples, make_task())
        assert (found.ngrams, found.of_one) == (4, 2)

    def test_counts_near_duplicates_once(self) -> None:
        examples = [example(1, "alpha", cluster=7), example(2, "alpha", cluster=7)]
        assert invert(["alph"], examples, make_task()).of_one == 1
        assert invert(["alph"], [*examples, example(3, "alpha")], make_task()).of_one == 0

    @pytest.mark.parametrize(("least", "leaks"), [(1, True), (2, False)])
    def test_agrees_with_the_linear_recipe(self, least: int, leaks: bool) -> None:
        examples = [*make_examples(60), example(98, "zyx wvu 774"), example(99, "wvu")]
        job = job_for(LINEAR, examples, min_incidents=least)
        ngrams = held_ngrams(LINEAR.fit(job))
        assert ngrams is not None
        assert " wvu" in ngrams
        assert ("zyx" in ngrams) is leaks
        assert (invert(ngrams, examples, make_task()).of_one > 0) is leaks
