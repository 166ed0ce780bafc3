"""The fields of an event as the labelling page keeps them."""

from __future__ import annotations

from sftsec_core.store.shown_fields import bounded_fields


class TestBoundedFields:
    def test_are_text_that_json_can_hold(self) -> None:
        shown, cut = bounded_fields({"half": "\ud800", "list": ["a", 1, None], "n": 1.5})
        assert (shown, cut) == ({"half": "?", "list": "a, 1, None", "n": "1.5"}, {})

    def test_long_ones_are_cut_and_counted(self) -> None:
        given = {"a": "x" * 30_000, **{f"f{n}": "y" * 15_000 for n in range(4)}}
        shown, cut = bounded_fields(given)
        assert [len(text) for text in shown.values()] == [20_000, 15_000, 15_000, 10_000, 0]
        assert cut == {"a": 30_000, "f2": 15_000, "f3": 15_000}

    def test_no_more_than_two_hundred_stay(self) -> None:
        assert len(bounded_fields({str(n): n for n in range(500)})[0]) == 200
