"""The audit's tables."""

from __future__ import annotations

from sftsec_fair.config import FairnessSettings
from sftsec_fair.fairness import fairness
from tests.plugins.fair.inputs import units_input


class TestTables:
    def test_have_every_column(self) -> None:
        given = units_input(missed=0.3, incidents_per_day=10.0)
        tables = fairness(FairnessSettings(permutations=199), given)["tables"]
        titles = [each["title"] for each in tables]
        assert titles[0] == "Groups: shares in %, with 95% intervals"
        assert len(titles) == 3
        for table in tables:
            assert table["rows"]
            assert all(len(row) == len(table["columns"]) for row in table["rows"])
        first = dict(zip(tables[0]["columns"], tables[0]["rows"][0], strict=True))
        assert first["group"] in {"unit=a", "unit=b"}
        assert first["alerts a day"].count(".") == 1
        assert "(" in first["found of the attacks"]
