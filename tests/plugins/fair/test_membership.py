"""Who is of which group, and which rows hang together."""

from __future__ import annotations

from dataclasses import replace

from sftsec_fair.config import FairnessSettings
from sftsec_fair.membership import (
    combined_codes,
    facet_columns,
    find_groups,
    independent_units,
    pooled,
)
from tests.plugins.fair.inputs import examples

FEW = FairnessSettings(fewest=5)
ROWS = [
    {"unit": "ab"[n % 2], "site": "xy"[n // 2 % 2], "one": "same", "host": f"h{n}"}
    for n in range(40)
]


class TestGroups:
    def test_are_of_fields_that_divide(self) -> None:
        columns = facet_columns(examples([0] * 40, ROWS), FEW)
        assert list(columns) == ["unit", "site"]

    def test_cross_each_other(self) -> None:
        groups = find_groups(facet_columns(examples([0] * 40, ROWS), FEW), FEW)
        names = [each.name for each in groups]
        assert names[:4] == ["unit=a", "unit=b", "site=x", "site=y"]
        assert "unit=a and site=y" in names
        assert [int(each.inside.sum()) for each in groups] == [20] * 4 + [10] * 4
        assert all(int((each.inside | each.rest).sum()) == 40 for each in groups)

    def test_nested_ones_are_not_repeated(self) -> None:
        offices = [("x", "yz"[n // 2 % 2])[n % 2] for n in range(40)]
        nested = [{"unit": "ab"[n % 2], "office": each} for n, each in enumerate(offices)]
        groups = find_groups(facet_columns(examples([0] * 40, nested), FEW), FEW)
        assert [each.name for each in groups] == [
            "unit=a", "unit=b", "office=x", "office=y", "office=z",
        ]  # fmt: skip

    def test_missing_and_small_are_counted(self) -> None:
        rows = [{"unit": u} if u else {} for u in ["a"] * 20 + ["b"] * 15 + ["c"] * 2 + [""] * 3]
        columns = facet_columns(examples([0] * 40, rows), FEW)
        first = find_groups(columns, FEW)[0]
        assert int(first.rest.sum()) == 17, "a row without a value is of no group"
        assert pooled(columns, FEW) == {"unit": {"missing": 3, "too_small": 2}}

    def test_of_the_script_of_a_text(self) -> None:
        rows = examples([0] * 40, [{}] * 40)
        mixed = [replace(e, inputs={"text": "слово"}) if n % 2 else e for n, e in enumerate(rows)]
        names = [each.name for each in find_groups(facet_columns(mixed, FEW), FEW)]
        assert names == ["script=Cyrillic", "script=Latin"]

    def test_only_fields_that_are_asked_for(self) -> None:
        asked = FairnessSettings(fewest=5, fields=("site",))
        assert list(facet_columns(examples([0] * 40, ROWS), asked)) == ["site"]


class TestCodes:
    def test_are_one_for_equal_values(self) -> None:
        codes = combined_codes(facet_columns(examples([0] * 40, ROWS), FEW))
        assert codes[:8].tolist() == [0, 1, 2, 3, 0, 1, 2, 3]


class TestUnits:
    def test_join_copies_and_hosts(self) -> None:
        rows = list(examples([0] * 6, [{}] * 6))
        rows[0] = replace(rows[0], cluster=7)
        rows[1] = replace(rows[1], cluster=7, groups=("h1",))
        rows[2] = replace(rows[2], groups=("h1",))
        units = independent_units(rows)
        assert len({*units[:3].tolist()}) == 1
        assert len({*units.tolist()}) == 4

    def test_leave_out_the_compared_group(self) -> None:
        rows = examples([0] * 4, [{"site": "x"}] * 4, groups=("x",))
        assert len({*independent_units(rows).tolist()}) == 4

    def test_of_no_rows_are_none(self) -> None:
        assert len(independent_units(())) == 0
        assert independent_units(examples([0], [{}])).tolist() == [0]
