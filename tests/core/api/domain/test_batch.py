"""A batch gives each kind of input as columns."""

from __future__ import annotations

import numpy as np

from sftsec_core.api.domain import Batch, Blob, Example, InputField, InputKind, Inputs, TaskSpec

IMAGE = Blob.of(b"pixels")
FIELDS = (
    InputField("text", InputKind.TEXT, ("message",)),
    InputField("amount", InputKind.NUMBER, ("transaction.amount",)),
    InputField("count", InputKind.NUMBER, ("event.count",)),
    InputField("user", InputKind.CATEGORY, ("user.id",)),
    InputField("screen", InputKind.IMAGE, ("screen",)),
    InputField("history", InputKind.SEQUENCE, ("history",)),
)
ROWS: tuple[Inputs, ...] = (
    {
        "text": "pay",
        "amount": 3.5,
        "count": 1.0,
        "user": "anna",
        "screen": IMAGE,
        "history": ("a",),
    },
    {"text": "", "amount": None, "user": None, "screen": None, "history": None},
)
BATCH = Batch.of(FIELDS, ROWS)


class TestColumns:
    def test_numbers_are_nan_where_missing(self) -> None:
        numbers = BATCH.numbers()
        assert numbers.dtype == np.float64
        np.testing.assert_array_equal(numbers, [[3.5, 1.0], [np.nan, np.nan]])

    def test_categories_are_none_where_missing(self) -> None:
        assert BATCH.categories().tolist() == [["anna"], [None]]

    def test_text_is_empty_where_missing(self) -> None:
        assert BATCH.text()[1] == ""

    def test_text_has_the_sequence_behind_it(self) -> None:
        assert BATCH.text()[0] == "pay\nearlier:\na"

    def test_images_and_sequences_are_tuples_a_row(self) -> None:
        assert BATCH.images() == [(IMAGE,), (None,)]
        assert BATCH.sequences() == [(("a",),), (None,)]

    def test_names_tell_the_columns(self) -> None:
        assert BATCH.names(InputKind.NUMBER) == ("amount", "count")

    def test_of_no_rows_keep_their_width(self) -> None:
        empty = Batch.of(FIELDS, ())
        assert empty.numbers().shape == (0, 2)
        assert empty.categories().shape == (0, 1)
        assert empty.text() == []

    def test_of_an_absent_kind_have_no_width(self) -> None:
        batch = Batch.of_texts(["a", "b"])
        assert batch.numbers().shape == (2, 0)
        assert batch.categories().shape == (2, 0)

    def test_several_texts_are_joined_with_newlines(self) -> None:
        fields = [InputField(name, InputKind.TEXT, (name,)) for name in ("subject", "body")]
        batch = Batch.of(fields, [{"subject": "a", "body": "b"}, {"subject": "", "body": "b"}])
        assert batch.text() == ["a\nb", "b"]


class TestRows:
    def test_slice_and_take_keep_the_fields(self) -> None:
        assert BATCH.slice(1, 2).rows == ROWS[1:]
        assert BATCH.take([1, 0, 1]).rows == (ROWS[1], ROWS[0], ROWS[1])
        assert len(BATCH.take([])) == 0
        assert BATCH.take([0]).fields == FIELDS

    def test_digests_are_those_of_the_examples(self) -> None:
        task = TaskSpec.of_text("t", ("message",), ("a", "b"))
        made = [Example.of_text("1", "x", "a"), Example.of_text("2", "y", "b")]
        assert Batch.of_examples(task.inputs, made).digests() == [each.digest for each in made]
