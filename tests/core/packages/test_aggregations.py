"""Aggregations of a chart from a line of a description each."""

from __future__ import annotations

from sftsec_core.packages.aggregations import (
    CountMetric,
    DateBuckets,
    FieldMetric,
    TermBuckets,
    saved_aggregations,
)

ALL = CountMetric(op="count", label="All")
MEAN = FieldMetric(op="avg", field="p", label="Mean")
TASK = TermBuckets(op="terms", field="task", label="Task", size=3)
DAY = DateBuckets(op="date", interval="d")


class TestSavedAggregations:
    def test_split_a_chart_and_fill_a_table(self) -> None:
        for table, schemas in ((False, ["segment", "group"]), (True, ["bucket", "bucket"])):
            made = saved_aggregations((DAY, TASK), (ALL, MEAN), table=table)
            assert [each["id"] for each in made] == ["1", "2", "3", "4"]
            assert [each["schema"] for each in made] == ["metric", "metric", *schemas]

    def test_order_terms_by_a_count(self) -> None:
        *_, terms = saved_aggregations((TASK,), (ALL, MEAN), table=True)
        assert terms["params"]["orderBy"] == "1"
        assert terms["params"]["order"] == "desc"

    def test_order_terms_by_name_without_count(self) -> None:
        *_, terms = saved_aggregations((TASK,), (MEAN,), table=False)
        assert terms["params"]["orderBy"] == "_key"
