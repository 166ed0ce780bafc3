"""Which item answers what the frameworks ask, and how to get one that is missing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sftsec_core.evidence.frameworks import AI_ACT, FRAMEWORKS, ISO, NIST, OBLIGATIONS
from sftsec_core.evidence.items import RISK_PLUGINS, Holdings, list_items, map_requirements

NOTHING = Holdings(task="triage", files=frozenset())
ALL = Holdings(
    task="triage",
    files=frozenset(
        {"model/card.html", "datasheet.html", "report.html", "votes.json", "promotion.json",
         "audit-log.json", "sbom.cdx.json"}
    ),
    sections={
        "backtest": {"periods": []},
        "groups": {"fields": {"host": {}}},
        "watched": {"figures": {"live_recall": []}},
        **{f"{plugin}_audit": {"risk": "x", "outcome": "held"} for plugin in RISK_PLUGINS},
    },
    data={"analysts": {"person-0123456789ab": {}}},
    leaks={"checked": True},
    approvals=2,
    copies=("siem",),
    signed=True,
    redacts=True,
    audits={plugin: [f"{plugin}_audit"] for plugin in RISK_PLUGINS},
)  # fmt: skip


def statuses(held: Holdings) -> set[str]:
    table = map_requirements(list_items(held))
    return {row["status"] for each in table["frameworks"] for row in each["rows"]}


def row_of(table: dict[str, Any], ref: str) -> dict[str, Any]:
    rows = [row for each in table["frameworks"] for row in each["rows"]]
    found: dict[str, Any] = next(row for row in rows if row["ref"] == ref)
    return found


class TestFrameworks:
    def test_name_only_known_items(self) -> None:
        items = set(list_items(NOTHING))
        asked = {item for each in OBLIGATIONS for item in each.items}
        assert asked == items, "each item answers something, and each answer is an item"

    def test_cover_articles_nine_to_fifteen(self) -> None:
        refs = {each.ref for each in OBLIGATIONS if each.framework == AI_ACT}
        articles = {int(ref.split()[1].split("(")[0].strip(",")) for ref in refs}
        assert articles == set(range(9, 16))

    def test_cover_every_function_of_nist(self) -> None:
        refs = {each.ref.split()[0] for each in OBLIGATIONS if each.framework == NIST}
        assert refs == {"GOVERN", "MAP", "MEASURE", "MANAGE"}
        assert {each.framework for each in OBLIGATIONS} == set(FRAMEWORKS)

    def test_name_each_requirement_once(self) -> None:
        refs = [(each.framework, each.ref) for each in OBLIGATIONS]
        assert len(set(refs)) == len(refs)
        assert all(ref.startswith("A.") for framework, ref in refs if framework == ISO)


class TestMap:
    def test_of_nothing_answers_nothing(self) -> None:
        assert statuses(NOTHING) == {"missing", "organisation"}

    def test_of_all_lacks_nothing(self) -> None:
        assert statuses(ALL) == {"answered", "partly", "organisation"}
        table = map_requirements(list_items(ALL))
        assert all(not row["missing"] for each in table["frameworks"] for row in each["rows"])

    def test_says_how_to_get_an_audit(self) -> None:
        table = map_requirements(list_items(replace(ALL, sections={})))
        row = row_of(table, "Art. 10(2)(f)-(g)")
        assert row["status"] == "missing"
        assert {gap["title"] for gap in row["missing"]} == {"Figures by group", "For whom it works"}
        (how,) = (gap["how"] for gap in row["missing"] if gap["title"] == "For whom it works")
        assert "add fair to `plugins`" in how
        assert "tasks.triage.evaluation.audits: {fair_audit: {}}" in how

    def test_enabled_plugin_is_not_enabled_again(self) -> None:
        items = list_items(replace(ALL, sections={}, enabled=("poison",)))
        assert "`plugins`" not in items["poison"].how
        assert "`plugins`" in items["robust"].how

    def test_audit_that_measured_nothing_is_missing(self) -> None:
        sections = {
            "poison_audit": {"risk": "x", "outcome": "not_measured"},
            "backtest": {"not_measured": "too few"},
        }
        items = list_items(replace(ALL, sections=sections))
        assert not items["poison"].present
        assert not items["backtest"].present

    def test_tells_of_a_failed_audit_and_leaks(self) -> None:
        held = replace(
            ALL,
            sections={"fair_audit": {"risk": "x", "outcome": "failed"}},
            leaks={"checked": True, "texts": 2, "groups": 1},
        )
        items = list_items(held)
        assert items["fair"].note == "Outcome: failed."
        assert items["leaks"].note == "It found 3 rows in two parts."

    def test_gives_no_legal_advice(self) -> None:
        assert "no legal advice" in map_requirements(list_items(NOTHING))["notice"]
