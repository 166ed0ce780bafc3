"""The aggregations of a chart of OpenSearch Dashboards: a line of a description each.

by:
  - {op: date, interval: d}
  - {op: terms, field: sftsec.task, label: Task}
show:
  - {op: count, label: Detections}
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Json = dict[str, Any]
TIME = "@timestamp"


class _AggregationModel(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DateBuckets(_AggregationModel):
    """A bucket for each span of time."""

    op: Literal["date"]
    interval: Literal["auto", "h", "d", "w", "M"] = "auto"
    label: str = TIME

    def saved(self) -> tuple[str, Json]:
        """The type and the parameters, as Dashboards saves them."""
        return "date_histogram", {
            "field": TIME,
            "interval": self.interval,
            "useNormalizedOpenSearchInterval": True,
            "scaleMetricValues": False,
            "drop_partials": False,
            "min_doc_count": 1,
            "extended_bounds": {},
            "customLabel": self.label,
        }


class TermBuckets(_AggregationModel):
    """A bucket for each of the most frequent values of a field."""

    op: Literal["terms"]
    field: str
    label: str
    size: int = Field(10, ge=1, le=1000)

    def saved(self) -> tuple[str, Json]:
        """The type and the parameters, as Dashboards saves them."""
        return "terms", {
            "field": self.field,
            "orderBy": "_key",
            "order": "asc",
            "size": self.size,
            "otherBucket": False,
            "otherBucketLabel": "Other",
            "missingBucket": False,
            "missingBucketLabel": "Missing",
            "customLabel": self.label,
        }


class CountMetric(_AggregationModel):
    """How many documents there are."""

    op: Literal["count"]
    label: str

    def saved(self) -> tuple[str, Json]:
        """The type and the parameters, as Dashboards saves them."""
        return "count", {"customLabel": self.label}


class FieldMetric(_AggregationModel):
    """A figure of a field's values."""

    op: Literal["avg", "min", "max", "cardinality"]
    field: str
    label: str

    def saved(self) -> tuple[str, Json]:
        """The type and the parameters, as Dashboards saves them."""
        return self.op, {"field": self.field, "customLabel": self.label}


BucketAggregation = Annotated[DateBuckets | TermBuckets, Field(discriminator="op")]
MetricAggregation = Annotated[CountMetric | FieldMetric, Field(discriminator="op")]


def saved_aggregations(
    by: tuple[BucketAggregation, ...], show: tuple[MetricAggregation, ...], *, table: bool
) -> list[Json]:
    """Write the aggregations of one chart: figures first, then buckets, by the first of these.

    Args:
        by: the buckets; of a chart the first is the horizontal axis, the second splits it.
        show: the figures.
        table: whether the buckets are rows of a table.
    """
    made = []
    for number, each in enumerate((*show, *by), start=1):
        kind, params = each.saved()
        if number <= len(show):
            schema = "metric"
        elif table:
            schema = "bucket"
        else:
            schema = "segment" if number == len(show) + 1 else "group"
        if kind == "terms" and show[0].op == "count":
            params |= {"orderBy": "1", "order": "desc"}  # the first figure, by its id
        made.append(
            {"id": str(number), "enabled": True, "type": kind, "schema": schema, "params": params}
        )
    return made
