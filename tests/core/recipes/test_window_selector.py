"""Windows ranked by what a linear model reads in them."""

from __future__ import annotations

import numpy as np

from sftsec_core.api.domain import Example, TaskSpec
from sftsec_core.recipes.window_selector import WindowSelector, keep, rank, spread
from tests.core.recipes.jobs import many_classes, texts_of
from tests.core.recipes.tiny_encoder import LABELS, make_examples

TASK = TaskSpec.of_text("small", ("message",), LABELS, benign="benign")
WINDOWS = ["list files", "git commit", "zzz", "dump lsass evil", "git commit", "open mail"]


def fitted(examples: list[Example] | None = None, task: TaskSpec = TASK) -> WindowSelector:
    examples = examples or make_examples(40)
    selector = WindowSelector.fit(texts_of(examples), examples, task, seed=1)
    assert selector is not None
    return selector


class TestWindowSelector:
    def test_names_the_window_of_the_attack(self) -> None:
        selector = fitted()
        evidence = selector.evidence(WINDOWS)
        assert 3 in rank(WINDOWS, evidence)[:2]
        assert selector.odds(evidence).argmax() == 3

    def test_repeated_window_comes_last(self) -> None:
        order = rank(WINDOWS, fitted().evidence(WINDOWS)).tolist()
        assert sorted(order) == list(range(len(WINDOWS)))
        assert order[-1] == 4

    def test_each_class_has_its_turn(self) -> None:
        examples = many_classes(4, each=5)
        task = TaskSpec.of_text("many", ("message",), ("T0", "T1", "T2", "T3"), benign=None)
        names = {f"T{i:03d}": label for i, label in enumerate(task.labels)}
        relabelled = [
            Example.of_text(e.uid, str(e.inputs["text"]), names[e.label]) for e in examples
        ]
        windows = ["number000 number000", "number000", "nothing", "number003", "number002"]
        selector = fitted(relabelled, task)
        evidence = selector.evidence(windows)
        assert {3, 4} < set(rank(windows, evidence)[:4].tolist())
        assert not selector.odds(evidence).any()  # no class is benign

    def test_comes_back_from_its_tensors(self) -> None:
        selector = fitted()
        again = WindowSelector.from_tensors(selector.tensors())
        assert again is not None
        np.testing.assert_array_equal(again.evidence(WINDOWS), selector.evidence(WINDOWS))
        assert again.benign == selector.benign
        assert WindowSelector.from_tensors({}) is None

    def test_empty_texts_give_none(self) -> None:
        empty = [Example.of_text(f"{label}", "", label) for label in LABELS]
        assert WindowSelector.fit(["", ""], empty, TASK, seed=1) is None

    def test_sample_has_every_class(self) -> None:
        rare = Example.of_text("rare", "dump lsass", "malicious")
        common = [Example.of_text(f"c{i}", f"git {i % 9}", "benign") for i in range(10_001)]
        selector = fitted([*common, rare])
        odds = selector.odds(selector.evidence(["git", "dump lsass"]))
        assert odds[1] > odds[0]


class TestKeep:
    def test_first_and_last_are_kept(self) -> None:
        assert keep(np.array([3, 5, 2, 4, 0, 1]), 4).tolist() == [0, 2, 3, 5]
        assert keep(np.array([3, 1, 2, 0]), 2).tolist() == [0, 3]
        assert keep(np.array([3, 1, 2, 0]), 1).tolist() == [0]

    def test_without_a_model_all_parts_are_read(self) -> None:
        gaps = np.diff(keep(spread(200), 10))
        assert gaps.max() < 60
