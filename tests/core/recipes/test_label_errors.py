"""What looks mislabelled is found among right labels, and counts less."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from sftsec_core.api.contracts import TransformSpec
from sftsec_core.api.domain import Example, InputField, InputKind, TaskSpec
from sftsec_core.api.errors import ConfigError
from sftsec_core.recipes.config import LabelErrorsConfig
from sftsec_core.recipes.label_errors import weigh_label_errors
from sftsec_core.recipes.specs import LABEL_ERRORS
from sftsec_core.testing import TransformContract, make_examples, make_task

FLIPPED = range(0, 40, 5)  # of the 20 benign and 20 malicious rows, in turn


def mislabelled() -> list[Example]:
    """40 rows; eight have the other label."""
    task, rows = make_task(), make_examples(40)
    for number in FLIPPED:
        [other] = set(task.labels) - {rows[number].label}
        rows[number] = replace(rows[number], label=other)
    return rows


def suspects(examples: Sequence[Example], **settings: Any) -> set[str]:
    config = LabelErrorsConfig(**settings)
    made = weigh_label_errors(config, examples, make_task(), 13).examples
    return {new.uid for old, new in zip(examples, made, strict=True) if new.weight < old.weight}


class TestLabelErrors(TransformContract):
    def spec(self) -> TransformSpec[Any]:
        return LABEL_ERRORS

    def config(self) -> Mapping[str, Any]:
        return {"weight": 0.25}

    def examples(self) -> Sequence[Example]:
        return mislabelled()


class TestWeighLabelErrors:
    def test_finds_what_was_flipped(self) -> None:
        rows = mislabelled()
        found, wrong = suspects(rows), {rows[number].uid for number in FLIPPED}
        assert wrong <= found
        assert len(found - wrong) <= 1

    def test_finds_none_in_right_labels(self) -> None:
        assert suspects(make_examples(40)) == set()

    def test_counts_suspects_by_label(self) -> None:
        notes = weigh_label_errors(LabelErrorsConfig(), mislabelled(), make_task(), 13).notes
        assert notes == {
            "judged": 40,
            "suspected": 8,
            "suspected benign": 4,
            "suspected malicious": 4,
        }

    def test_factor_multiplies_the_trust(self) -> None:
        rows = [replace(each, weight=0.5) for each in mislabelled()]
        made = weigh_label_errors(LabelErrorsConfig(weight=0.5), rows, make_task(), 13)
        weights = [each.weight for each in made.examples]
        assert weights.count(0.25) == made.notes["suspected"] > 0
        assert weights.count(0.5) == 40 - made.notes["suspected"]

    def test_copies_do_not_vouch_for_each_other(self) -> None:
        """Three copies of a wrong row in different folds would each be learnt as right."""
        wrong = replace(make_examples(1)[0], label="malicious", cluster=7)
        copies = [replace(wrong, uid=f"copy {number}") for number in range(3)]
        rows = [*make_examples(60, seed=1), *copies]
        assert suspects(rows) == {each.uid for each in copies}

    def test_leaves_rare_labels_alone(self) -> None:
        task = make_task(("benign", "malicious", "rare"))
        rows = [*mislabelled(), Example.of_text("r", "ham eggs and spam", "rare")]
        made = weigh_label_errors(LabelErrorsConfig(), rows, task, 13)
        assert made.examples[-1].weight == 1.0
        assert made.notes["judged"] == 40

    def test_refuses_a_task_without_text(self) -> None:
        task = TaskSpec("n", (InputField("n", InputKind.NUMBER, ("n",)),), ("a", "b"))
        with pytest.raises(ConfigError, match="reads texts, and task 'n' has none"):
            weigh_label_errors(LabelErrorsConfig(), mislabelled(), task, 13)
