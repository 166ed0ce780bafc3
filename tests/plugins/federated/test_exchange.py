"""What the server takes from a site, and what it refuses and counts."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from sftsec_core.api import DataError
from sftsec_federated.exchange import Exchange, difference, review_complaint, update_complaint
from sftsec_federated.frame import Frame, read_frame

SHAPE = (1, 3)


def update(value: float, **head: object) -> Frame:
    return Frame({"id": "1", "rows": 5, **head}, {"weights": np.full(SHAPE, value, np.float32)})


class TestUpdate:
    def test_good_one_has_no_complaint(self) -> None:
        assert update_complaint(SHAPE, update(1.0)) is None

    @pytest.mark.parametrize("value", [float("nan"), float("inf")])
    def test_no_numbers_are_refused(self, value: float) -> None:
        assert "no numbers" in str(update_complaint(SHAPE, update(value)))

    def test_other_shape_is_refused(self) -> None:
        assert update_complaint((2, 3), update(1.0)) == "update of another shape"

    @pytest.mark.parametrize("rows", [0, -1, True, "9", None])
    def test_wrong_rows_are_refused(self, rows: object) -> None:
        assert update_complaint(SHAPE, update(1.0, rows=rows)) == "update of no rows"

    @pytest.mark.parametrize("areas", [None, [], [0.5, 2.0], [0.5, "x"]])
    def test_wrong_review_is_refused(self, areas: object) -> None:
        assert review_complaint(2, Frame({"areas": areas})) is not None


class TestOrders:
    def test_silent_site_is_left_out(self) -> None:
        exchange = Exchange()
        for site in ("a", "b"):
            exchange.join(site, {"x": 3})
        answered = threading.Thread(
            target=lambda: (
                exchange.next_order("a", 5),
                exchange.reply("a", update(1.0), lambda _frame: None),
            )
        )
        answered.start()
        got = exchange.ask(["a", "b"], update(0.0), 0.3)
        answered.join()
        assert list(got) == ["a"]
        assert exchange.counts == {"no answer in time": 1}

    def test_late_answer_is_counted(self) -> None:
        exchange = Exchange()
        exchange.join("a", {"x": 3})
        assert "the order is over" in str(exchange.reply("a", update(1.0), lambda _frame: None))
        assert exchange.counts == {"late or repeated answer": 1}

    def test_class_counts_are_sums(self) -> None:
        exchange = Exchange()
        exchange.join("a", {"x": 3, "y": 1})
        exchange.join("b", {"x": 4, "y": 0})
        assert exchange.class_counts() == {"x": 7, "y": 1}


class TestDifference:
    def test_other_classes_are_named(self) -> None:
        found = difference({"labels": ["ham", "spam"]}, {"labels": ["good", "spam"]})
        assert found == (
            "labels are ['ham', 'spam'] in the federation and ['good', 'spam'] in this task"
        )

    def test_same_in_another_order_passes(self) -> None:
        assert difference({"labels": ["a", "b"]}, {"labels": ["b", "a"]}) is None

    def test_missing_value_is_an_error(self) -> None:
        with pytest.raises(DataError, match="must say its labels"):
            difference({"labels": ["a"]}, {})


class TestFrame:
    def test_comes_back_as_it_was(self) -> None:
        back = read_frame(update(2.0).to_bytes())
        assert back.head == {"id": "1", "rows": 5}
        assert back.arrays["weights"] == pytest.approx(np.full(SHAPE, 2.0))

    @pytest.mark.parametrize("data", [b"", b"\0\0\0\2[]", b"\xff" * 40, b"\0\0\0\2{}garbage"])
    def test_garbage_is_an_error(self, data: bytes) -> None:
        with pytest.raises(DataError, match="no message of a federation"):
            read_frame(data)
