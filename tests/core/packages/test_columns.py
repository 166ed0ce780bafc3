"""Columns of Lens from a line of a description each."""

from __future__ import annotations

from sftsec_core.packages.columns import Count, Filters, Measure, Ratio, Shown, Terms

ALL = Count(op="count", label="All")
SOME = Count(op="count", label="Some", where="tags: x")
LAST = Measure(op="max", field="@timestamp", label="Last")
SHARE = Ratio(op="ratio", label="Share", of="a: 1", among="a: *")


def order_of(terms: Terms, *shown: Shown) -> str:
    """What the values are ordered by: a column's name, or what Lens computes for it alone."""
    params = terms.columns("by0", {f"show{n}": each for n, each in enumerate(shown)})["by0"][
        "params"
    ]
    if params["orderBy"]["type"] == "custom":
        return f"own {params['orderAgg']['operationType']}"
    assert "orderAgg" not in params
    return str(params["orderBy"]["columnId"])


class TestOrder:
    def test_is_by_a_column_of_the_chart(self) -> None:
        most = Terms(op="terms", field="a", label="A")
        newest = Terms(op="terms", field="a", label="A", order="newest")
        assert order_of(most, LAST, ALL) == "show1"
        assert order_of(newest, ALL, LAST) == "show1"

    def test_is_by_neither_formula_nor_filter(self) -> None:
        most = Terms(op="terms", field="a", label="A")
        assert order_of(most, SHARE, SOME) == "own count"
        assert order_of(Terms(op="terms", field="a", label="A", order="newest"), SHARE) == "own max"


class TestColumns:
    def test_a_time_is_a_date(self) -> None:
        assert LAST.columns("x")["x"]["dataType"] == "date"
        threshold = Measure(op="median", field="sftsec.threshold", label="Threshold")
        assert threshold.columns("x")["x"]["dataType"] == "number"

    def test_a_ratio_is_four_columns(self) -> None:
        columns = SHARE.columns("show0")
        assert list(columns) == ["show0", "show0X0", "show0X1", "show0X2"]
        assert columns["show0"]["params"]["formula"] == "count(kql='a: 1') / count(kql='a: *')"
        assert columns["show0"]["references"] == ["show0X2"]

    def test_filters_keep_their_order(self) -> None:
        column = Filters(op="filters", label="F", filters={"z": "a: 2", "y": "a: 1"})
        found = column.columns("by0", {})["by0"]["params"]["filters"]
        assert [each["label"] for each in found] == ["z", "y"]
