"""A transform is applied to train, counted, and kept from what dev and test hold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from sftsec_core.api.contracts import EmptyConfig, TransformResult, TransformSpec
from sftsec_core.api.domain import Example
from sftsec_core.api.errors import DataError, PluginError
from sftsec_core.api.settings.task import DedupeSettings
from sftsec_core.dataset.transforms import Transformed, apply_transform
from sftsec_core.testing import make_examples, make_task

TRAIN = make_examples(12)
LONG = "powershell -nop -w hidden -enc SQBFAFgA then Invoke-WebRequest to a host of example"
TEST = [*make_examples(4, seed=9), Example.of_text("long", LONG, "malicious")]
Change = Callable[[Sequence[Example]], object]


def transformed(change: Change) -> Transformed:
    def run(_config: EmptyConfig, examples: Sequence[Example], *_: Any) -> Any:
        made = change(examples)
        return made if not isinstance(made, list) else TransformResult(made, {"told": 3})

    spec = TransformSpec(name="change", summary="x", run=run)
    return apply_transform(
        spec, EmptyConfig(), TRAIN, TEST, make_task(), seed=1, dedupe=DedupeSettings()
    )


def text_of(example: Example) -> str:
    return str(example.inputs["text"])


class TestCounts:
    def test_tell_added_removed_and_reweighted(self) -> None:
        def change(rows: Sequence[Example]) -> list[Example]:
            copy = Example.of_text("new", "quite another text", "benign", weight=0.5)
            other = replace(rows[1], label=rows[0].label)
            return [replace(rows[0], weight=0.25), other, *rows[3:], copy]

        made = transformed(change)
        assert made.counts == {
            "before": 12,
            "after": 12,
            "added": 1,
            "removed": 1,
            "reweighted": 1,
            "relabelled": 1,
            "rewritten": 0,
            "held_out": 0,
        }
        assert made.notes == {"told": 3}

    def test_tell_other_inputs_of_a_row(self) -> None:
        made = transformed(lambda rows: [replace(rows[0], inputs={"text": "new"}), *rows[1:]])
        assert made.counts["rewritten"] == 1
        assert made.counts["added"] == 0


class TestHeldOutRows:
    def test_take_out_equal_additions(self) -> None:
        copy = Example.of_text("copy", text_of(TEST[2]), "benign")
        made = transformed(lambda rows: [*rows, copy])
        assert "copy" not in {each.uid for each in made.examples}
        assert made.counts["held_out"] == 1
        assert made.counts["added"] == 0

    def test_take_out_near_additions(self) -> None:
        near = Example.of_text("near", f"{LONG}!", "benign")
        made = transformed(lambda rows: [*rows, near, Example.of_text("far", "x y z", "benign")])
        assert {"near", "far"} & {each.uid for each in made.examples} == {"far"}

    def test_leave_rows_that_stay_as_they_are(self) -> None:
        assert transformed(list).counts["after"] == 12


WRONG: dict[str, tuple[Change, str]] = {
    "something else": (lambda _rows: {}, "returns a dict, not a TransformResult"),
    "a uid twice": (lambda rows: [*rows, rows[0]], "gives uid 'example-0-00000' to 2 rows"),
    "an unknown label": (
        lambda rows: [*rows, Example.of_text("n", "t", "spam")],
        "gives 'n' the label 'spam', which is none of the task's (benign, malicious)",
    ),
    "a weight above one": (
        lambda rows: [*rows, Example.of_text("n", "t", "benign", weight=1.5)],
        "gives 'n' the weight 1.5: 0 to 1 is allowed",
    ),
}


class TestWrongTransforms:
    @pytest.mark.parametrize("case", WRONG)
    def test_end_with_name_and_cause(self, case: str) -> None:
        change, told = WRONG[case]
        with pytest.raises(PluginError) as error:
            transformed(change)
        assert f"transform 'change' {told}" in str(error.value)

    def test_leaving_one_label_is_an_error(self) -> None:
        with pytest.raises(DataError, match="'change' leaves fewer than two labels in train"):
            transformed(lambda rows: [each for each in rows if each.label == "benign"])
