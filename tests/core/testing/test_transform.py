"""The transform's contract passes a right transform and finds wrong ones."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from sftsec_core.api.contracts import EmptyConfig, TransformResult, TransformSpec
from sftsec_core.api.domain import Example, TaskSpec
from sftsec_core.testing import TransformContract

Examples = Sequence[Example]


def drop_every_third(
    _config: EmptyConfig, examples: Examples, _task: TaskSpec, _seed: int
) -> TransformResult:
    """Right: fewer rows, by their place."""
    kept = [each for number, each in enumerate(examples) if number % 3 != 1]
    return TransformResult(kept, {"dropped": len(examples) - len(kept)})


def does_nothing(
    _config: EmptyConfig, examples: Examples, _task: TaskSpec, _seed: int
) -> TransformResult:
    return TransformResult(examples)


def repeats_uids(
    _config: EmptyConfig, examples: Examples, _task: TaskSpec, _seed: int
) -> TransformResult:
    return TransformResult([*examples, examples[0]])


def trusts_too_much(
    _config: EmptyConfig, examples: Examples, _task: TaskSpec, _seed: int
) -> TransformResult:
    return TransformResult([replace(each, weight=2.0) for each in examples])


def invents_an_input(
    _config: EmptyConfig, examples: Examples, _task: TaskSpec, _seed: int
) -> TransformResult:
    return TransformResult([replace(e, inputs={**e.inputs, "hint": e.label}) for e in examples])


def keeps_one_label(
    _config: EmptyConfig, examples: Examples, _task: TaskSpec, _seed: int
) -> TransformResult:
    return TransformResult([each for each in examples if each.label == examples[0].label])


def tells_a_text(
    config: EmptyConfig, examples: Examples, task: TaskSpec, seed: int
) -> TransformResult:
    result = drop_every_third(config, examples, task, seed)
    return replace(result, notes={"first": str(examples[0].inputs)})  # type: ignore[dict-item]


def writes_into_rows(
    config: EmptyConfig, examples: Examples, task: TaskSpec, seed: int
) -> TransformResult:
    for each in examples:
        each.inputs["text"] = "changed"  # type: ignore[index]  # the fault
    return drop_every_third(config, examples, task, seed)


def by_chance(
    _config: EmptyConfig, examples: Examples, _task: TaskSpec, _seed: int
) -> TransformResult:
    return TransformResult(random.sample(list(examples), len(examples) - 5))


def by_the_day(
    _config: EmptyConfig, examples: Examples, _task: TaskSpec, _seed: int
) -> TransformResult:
    day = datetime.now(UTC).toordinal() % len(examples)
    return TransformResult([*examples[:day], *examples[day + 1 :]])


def needs_many(
    config: EmptyConfig, examples: Examples, task: TaskSpec, seed: int
) -> TransformResult:
    assert examples[9]
    return drop_every_third(config, examples, task, seed)


class TransformUnderTest(TransformContract):
    run: Callable[..., TransformResult] = staticmethod(drop_every_third)

    def spec(self) -> TransformSpec[Any]:
        return TransformSpec(name="thin", summary="Every third", run=self.run)


class TestARightTransform(TransformUnderTest):
    """Everything, inherited."""


WRONG = [
    (does_nothing, "test_it_changes_the_training_part"),
    (repeats_uids, "test_rows_can_be_trained_on"),
    (trusts_too_much, "test_rows_can_be_trained_on"),
    (invents_an_input, "test_inputs_stay_those_of_the_task"),
    (keeps_one_label, "test_what_it_gives_has_two_labels"),
    (tells_a_text, "test_notes_are_counts"),
    (writes_into_rows, "test_examples_are_not_changed_in_place"),
    (by_chance, "test_neither_the_clock_nor_the_process_matters"),
    (by_the_day, "test_neither_the_clock_nor_the_process_matters"),
    (needs_many, "test_few_rows_are_no_error"),
]


@pytest.mark.parametrize(("wrong", "test"), WRONG, ids=[each[0].__name__ for each in WRONG])
def test_contract_finds_a_wrong_transform(wrong: Callable[..., Any], test: str) -> None:
    faulty = type("Faulty", (TransformUnderTest,), {"run": staticmethod(wrong)})()
    with pytest.raises((AssertionError, IndexError)):
        getattr(faulty, test)()
