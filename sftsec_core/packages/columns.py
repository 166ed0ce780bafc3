"""The columns of a chart: a line of a dashboard's description, as Lens writes it.

    by:
      - {op: date, interval: 1d}
      - {op: terms, field: sftsec.task, label: Task}
    show:
      - {op: count, label: Detections}

A column of Lens is the same with a dozen more keys. Those are here, once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Json = dict[str, Any]

_RECORDS = "___records___"
_TIME = "@timestamp"


class _ColumnModel(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Date(_ColumnModel):
    """A bucket for each span of time."""

    op: Literal["date"]
    interval: str = "auto"
    label: str = _TIME

    def columns(self, name: str, shown: Mapping[str, Shown]) -> dict[str, Json]:
        """The column, under its name."""
        params = {"interval": self.interval, "includeEmptyRows": True, "dropPartials": False}
        return {name: _bucket(self.label, "date", "date_histogram", "interval", params, _TIME)}


class Terms(_ColumnModel):
    """A bucket for each of the most frequent or the newest values of a field."""

    op: Literal["terms"]
    field: str
    label: str
    size: int = 10
    other: bool = False
    order: Literal["most", "newest"] = "most"

    def columns(self, name: str, shown: Mapping[str, Shown]) -> dict[str, Json]:
        """The column, with its order."""
        params = {
            "size": self.size,
            **self._order(shown),
            "orderDirection": "desc",
            "otherBucket": self.other,
            "missingBucket": False,
            "parentFormat": {"id": "terms"},
            "include": [],
            "exclude": [],
            "includeIsRegex": False,
            "excludeIsRegex": False,
        }
        return {name: _bucket(self.label, "string", "terms", "ordinal", params, self.field)}

    def _order(self, shown: Mapping[str, Shown]) -> Json:
        """By a column that the chart shows anyway; Lens can order by neither formula nor filter."""
        newest = self.order == "newest"
        for name, each in shown.items():
            if each.is_newest if newest else each.is_total:
                return {"orderBy": {"type": "column", "columnId": name}}
        total = _measure("Newest", "max", {}, _TIME, "date") if newest else _count("Total", None)
        return {"orderBy": {"type": "custom"}, "orderAgg": total}


class Filters(_ColumnModel):
    """A bucket for each query.

    No field has to exist: a query on a missing field finds nothing, where `terms` shows an error.
    """

    op: Literal["filters"]
    label: str
    filters: dict[str, str] = Field(description="A bucket's label to its query in KQL.")

    def columns(self, name: str, shown: Mapping[str, Shown]) -> dict[str, Json]:
        """The column, in the order of the description."""
        filters = [
            {"label": label, "input": {"query": query, "language": "kuery"}}
            for label, query in self.filters.items()
        ]
        column = _bucket(self.label, "string", "filters", "ordinal", {"filters": filters}, None)
        return {name: column}


class _Shown(_ColumnModel):
    label: str

    @property
    def is_total(self) -> bool:
        """Whether it counts all documents."""
        return False

    @property
    def is_newest(self) -> bool:
        """Whether it is the time of the last document."""
        return False


class Count(_Shown):
    """How many documents, all or those that a query matches."""

    op: Literal["count"]
    where: str | None = None

    @property
    def is_total(self) -> bool:
        """Whether no query limits it."""
        return self.where is None

    def columns(self, name: str) -> dict[str, Json]:
        """The column, under its name."""
        return {name: _count(self.label, self.where)}


class Measure(_Shown):
    """A figure over a field."""

    op: Literal["median", "min", "max", "unique_count"]
    field: str

    @property
    def is_newest(self) -> bool:
        """Whether it is the greatest time."""
        return self.op == "max" and self.field == _TIME

    def columns(self, name: str) -> dict[str, Json]:
        """The column, under its name."""
        kind = "date" if self.field == _TIME else "number"
        params: Json = {"emptyAsNull": True} if self.op == "unique_count" else {}
        if self.op == "median":
            params = {"format": {"id": "number", "params": {"decimals": 2}}}
        return {name: _measure(self.label, self.op, params, self.field, kind)}


class Percentile(_Shown):
    """A field's percentile."""

    op: Literal["percentile"]
    field: str
    percent: int = Field(ge=1, le=99)

    def columns(self, name: str) -> dict[str, Json]:
        """The column, under its name."""
        params = {
            "percentile": self.percent,
            "format": {"id": "number", "params": {"decimals": 2}},
        }
        return {name: _measure(self.label, "percentile", params, self.field)}


class Ratio(_Shown):
    """The share of the documents of one query among those of another, as a formula."""

    op: Literal["ratio"]
    of: str
    among: str

    def columns(self, name: str) -> dict[str, Json]:
        """The formula and its parts as Lens saves them: not every version expands a bare one."""
        formula = f"count(kql='{self.of}') / count(kql='{self.among}')"
        part, whole, quotient = (f"{name}X{n}" for n in range(3))
        share = {"id": "percent", "params": {"decimals": 0}}
        math = {
            "type": "function",
            "name": "divide",
            "args": [part, whole],
            "location": {"min": 0, "max": len(formula)},
            "text": formula,
        }
        inner = f"Part of {self.label}"
        return {
            name: {
                **_measure(
                    self.label,
                    "formula",
                    {"formula": formula, "isFormulaBroken": False, "format": share},
                ),
                "references": [quotient],
            },
            part: _count(inner, self.of, empty_as_null=False),
            whole: _count(inner, self.among, empty_as_null=False),
            quotient: {
                **_measure(inner, "math", {"tinymathAst": math}),
                "references": [part, whole],
            },
        }


Bucket = Annotated[Date | Terms | Filters, Field(discriminator="op")]
Shown = Annotated[Count | Measure | Percentile | Ratio, Field(discriminator="op")]


def _count(label: str, where: str | None, *, empty_as_null: bool = True) -> Json:
    column = _measure(label, "count", {"emptyAsNull": empty_as_null}, _RECORDS)
    return column | ({"filter": {"query": where, "language": "kuery"}} if where else {})


def _measure(
    label: str, operation: str, params: Json, field: str | None = None, kind: str = "number"
) -> Json:
    return {
        "label": label,
        "customLabel": True,
        "dataType": kind,
        "operationType": operation,
        "isBucketed": False,
        "scale": "ratio",
        "params": params,
        **({"sourceField": field} if field else {}),
    }


def _bucket(
    label: str, kind: str, operation: str, scale: str, params: Json, field: str | None
) -> Json:
    return {
        "label": label,
        "customLabel": True,
        "dataType": kind,
        "operationType": operation,
        "isBucketed": True,
        "scale": scale,
        "params": params,
        **({"sourceField": field} if field else {}),
    }
