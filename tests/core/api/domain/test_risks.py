from __future__ import annotations

from dataclasses import replace

import orjson

from sftsec_core.api.domain import RiskSection, RiskTable, risk_figures
from sftsec_core.evaluation.evaluate import add_sections
from tests.core.evaluation.rote_models import report_of

SECTION = RiskSection(risk="Leaks", outcome="held", tried="a", found="b", figures={"auc": 0.5})


class TestRiskSection:
    def test_is_json_with_empty_advice(self) -> None:
        assert orjson.loads(orjson.dumps(SECTION.to_json()))["advice"] == ""

    def test_tables_are_read_back_alike(self) -> None:
        table = RiskTable(title="t", columns=("a", "b"), rows=(("x", 1), ("y", None)))
        told = replace(SECTION, tables=(table,)).to_json()
        assert orjson.loads(orjson.dumps(told)) == told

    def test_that_measured_nothing_has_no_figures(self) -> None:
        told = replace(SECTION, outcome="not_measured")
        report = add_sections(report_of(), {"held": SECTION.to_json(), "not": told.to_json()})
        assert risk_figures(report, "held") == {"auc": 0.5}
        assert risk_figures(report, "not") is None
