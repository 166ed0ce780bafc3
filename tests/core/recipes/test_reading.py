"""What is read of a text, and the spans that are not."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sftsec_core.recipes.config import EncoderSettings
from sftsec_core.recipes.reading import Reading, joined

MANY = Reading(32, 4, 8, 20)  # of a longer text the first 15 characters and the last 5


class TestReading:
    def test_comes_back_from_json(self) -> None:
        reading = Reading.of(EncoderSettings(max_length=64, max_windows=3, view="shapes"))
        assert Reading.from_json(reading.to_json()) == reading

    def test_models_without_windows_read_one(self) -> None:
        assert Reading.from_json({"max_length": 64}).max_windows == 1

    def test_overlap_leaves_half_a_window(self) -> None:
        assert Reading(128, 16, 8).shared(2) == 16
        assert Reading(8, 16, 8).shared(2) == 3

    def test_keeps_both_ends_of_a_long_text(self) -> None:
        text = "a" * 15 + "b" * 30 + "c" * 5
        assert MANY.bounded(text) == "a" * 15 + "c" * 5
        assert MANY.unread(text, [(0, 20)]) == [(15, 45)]
        assert MANY.bounded("a" * 20) == "a" * 20

    @given(st.integers(0, 60), st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20))))
    def test_read_and_unread_make_the_text(self, length: int, edges: list[tuple[int, int]]) -> None:
        text = "".join(chr(1000 + i) for i in range(length))
        bounded = MANY.bounded(text)
        spans = [sorted(min(edge, len(bounded)) for edge in pair) for pair in edges]
        read = [(start, end) for start, end in spans]
        shown = {c for start, end in read for c in bounded[start:end]}
        unread = MANY.unread(text, read)
        assert shown | {c for start, end in unread for c in text[start:end]} == set(text)
        assert len(shown) + sum(end - start for start, end in unread) == length
        assert unread == joined(unread)
