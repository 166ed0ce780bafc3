"""What a model does not read, counted for each field."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from sftsec_core.api.domain import Batch, InputField, InputKind, Inputs
from sftsec_core.api.errors import TrainingError
from sftsec_core.evaluation.unread import Unread, count_unread, unread_line
from tests.core.evaluation.rote_models import RoteModel

FIELDS = tuple(InputField(name, InputKind.TEXT, (name,)) for name in ("subject", "body"))


class Ends(RoteModel):
    """Reads the first five characters of a text."""

    def unread(self, batch: Batch) -> Sequence[Sequence[tuple[int, int]]]:
        return [[(5, len(text))] if len(text) > 5 else [] for text in batch.text()]


class Beyond(RoteModel):
    def unread(self, batch: Batch) -> Sequence[Sequence[tuple[int, int]]]:
        return [[(0, 1000)] for _ in range(len(batch))]


class TestCountUnread:
    def test_counts_the_characters_of_each_field(self) -> None:
        rows: list[Inputs] = [
            {"subject": "abc", "body": "de"},  # joined "abc\nde": the "e" is not read
            {"subject": "abcdefg", "body": "xy"},  # "fg", and all of "xy"
            {"subject": None, "body": "123456"},
            {"subject": "short", "body": ""},
        ]
        found = count_unread(Ends(("a", "b"), 1.0), Batch.of(FIELDS, rows))
        assert found == Unread(3, {"subject": 2, "body": 4})

    def test_counts_those_of_a_sequence_apart(self) -> None:
        fields = (*FIELDS[:1], InputField("before", InputKind.SEQUENCE, ()))
        rows: list[Inputs] = [{"subject": "abcdefg", "before": ("x", "y")}]
        found = count_unread(Ends(("a", "b"), 1.0), Batch.of(fields, rows))
        assert found == Unread(1, {"subject": 2, "before": len("earlier:\nx\ny")})

    def test_model_that_does_not_say_reads_all(self) -> None:
        batch = Batch.of_texts(["x" * 100])
        assert count_unread(RoteModel(("a", "b"), 1.0), batch) == Unread()

    def test_span_beyond_the_text_is_refused(self) -> None:
        with pytest.raises(TrainingError, match="text of 3 characters"):
            count_unread(Beyond(("a", "b"), 1.0), Batch.of_texts(["abc"]))


class TestUnreadLine:
    def test_names_each_field(self) -> None:
        line = unread_line(2, 30, {"body": 1200, "subject": 3}, "incidents")
        assert line == (
            "1,200 characters of body and 3 characters of subject are not read, in 2 of 30 "
            "incidents"
        )
        assert unread_line(2, 30, {}, "texts") == "2 of 30 texts are longer than what is read"
