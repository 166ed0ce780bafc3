"""A bounded part of many examples keeps their mix of classes."""

from __future__ import annotations

from collections import Counter

from sftsec_core.api.domain import Example
from sftsec_core.recipes.sampling import stratified_sample


def examples(benign: int, attacks: int) -> list[Example]:
    labels = ["benign"] * benign + ["malicious"] * attacks
    return [Example.of_text(f"{i}", f"text {i}", label) for i, label in enumerate(labels)]


class TestStratifiedSample:
    def test_keeps_all_of_few(self) -> None:
        given = examples(30, 20)
        assert stratified_sample(given, 50, seed=1) is given

    def test_keeps_the_mix_and_the_order(self) -> None:
        given = examples(900, 100)
        drawn = stratified_sample(given, 100, seed=1)
        assert Counter(example.label for example in drawn) == {"benign": 90, "malicious": 10}
        assert [given.index(example) for example in drawn] == sorted(map(given.index, drawn))

    def test_keeps_one_of_the_rarest(self) -> None:
        drawn = stratified_sample(examples(9999, 1), 100, seed=1)
        assert Counter(example.label for example in drawn)["malicious"] == 1

    def test_is_decided_by_the_seed(self) -> None:
        given = examples(900, 100)
        assert stratified_sample(given, 50, seed=1) == stratified_sample(given, 50, seed=1)
        assert stratified_sample(given, 50, seed=1) != stratified_sample(given, 50, seed=2)
