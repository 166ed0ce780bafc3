"""What of reports and cards may leave: figures and our words, no text, value or name."""

from __future__ import annotations

from typing import Any

from sftsec_core.evidence.pseudonyms import Pseudonyms
from sftsec_core.evidence.shareable import (
    shareable_card,
    shareable_data,
    shareable_report,
    shareable_section,
)

TEXT = "zebra payroll canary"
RISK = {
    "risk": "Poisoned verdicts",
    "outcome": "failed",
    "tried": "It looked for phrases.",
    "found": f"The phrase {TEXT!r} is bound to 'benign' by alice.",
    "advice": "Look at `gate.canaries`.",
    "figures": {"success": 0.9, "phrase": TEXT, "by": {TEXT: 3}, "ran": True, "bound": None},
    "tables": [
        {"title": "Phrases", "columns": ["Phrase"], "rows": [[TEXT]], "public": False},
        {"title": "Attacks", "columns": ["Attack", "Rate"], "rows": [["spacing", 0.5]],
         "public": True},
        {"title": "Older", "columns": ["Phrase"], "rows": [[TEXT]]},
    ],
}  # fmt: skip


def names() -> Pseudonyms:
    return Pseudonyms(b"s" * 32, ["alice", "bruno"], ["benign", "host.name", "files"])


def shared(name: str, section: dict[str, Any]) -> dict[str, Any]:
    found = shareable_section(name, section, names())
    assert "zebra" not in str(found)
    assert "alice" not in str(found)
    return found


class TestSection:
    def test_of_a_risk_keeps_words_and_figures(self) -> None:
        found = shared("poison", RISK)
        assert found["figures"] == {"success": 0.9, "ran": True, "bound": None}
        assert found["found"].endswith(f"is bound to 'benign' by {names().person('alice')}.")
        assert found["advice"] == RISK["advice"]
        assert [table["title"] for table in found["tables"]] == ["Attacks"]
        assert found["tables_left_out"] == 2

    def test_of_a_stranger_keeps_plain_figures(self) -> None:
        section = {"rows": 3, "text": TEXT, "worst": [{"text": TEXT}], "rate": 0.5}
        assert shared("lengths", section) == {"rows": 3, "rate": 0.5}

    def test_of_groups_hides_their_values(self) -> None:
        group = {"value": TEXT, "rows": 3, "figures": {"recall": {"value": 0.5}}}
        latin = {"value": "latin", "rows": 9}
        section = {
            "fields": {"host.name": {"groups": [group]}, "script": {"groups": [latin]}},
            "worse": [{"field": "host.name", "value": TEXT, "p": 0.01}],
        }
        found = shared("groups", section)
        hidden = found["fields"]["host.name"]["groups"][0]
        assert hidden["figures"] == {"recall": {"value": 0.5}}
        assert hidden["value"] == found["worse"][0]["value"] == names().value(TEXT)
        assert found["fields"]["script"]["groups"] == [latin]

    def test_of_sources_keeps_connectors(self) -> None:
        sources = [{"value": "files", "train": 3}, {"value": TEXT, "train": 4}]
        found = shared("leave_one_source_out", {"field": "connector", "sources": sources})
        assert [each["value"] for each in found["sources"]] == ["files", names().value(TEXT)]


class TestData:
    def test_has_analysts_by_pseudonym(self) -> None:
        found = shareable_data(
            {"analysts": {"alice": {"rows": 3}, "(others)": {"rows": 1}}}, names()
        )
        assert found["analysts"] == {names().person("alice"): {"rows": 3}, "(others)": {"rows": 1}}

    def test_has_capped_analysts_by_pseudonym(self) -> None:
        found = shareable_data({"cap": {"factors": {"benign": {"alice": 0.5}}}}, names())
        assert found["cap"]["factors"] == {"benign": {names().person("alice"): 0.5}}

    def test_counts_values_that_people_typed(self) -> None:
        found = shareable_data({"unmapped": {TEXT: 3, "other": 2}}, names())
        assert found["unmapped"] == {"values": 2, "verdicts": 5}


class TestReport:
    def test_leaves_texts_behind(self) -> None:
        body = {
            "task": "t",
            "worst_errors": [{"text": TEXT, "uid": "u1"}],
            "leaks": {"checked": True, "texts": 1, "examples": [TEXT]},
            "sections": {"poison": RISK},
            "data": {"notes": [f"left out {TEXT!r}"]},
        }
        found = shareable_report(body, names())
        assert "zebra" not in str(found)
        assert found["worst_errors"] == []
        assert found["leaks"] == {"checked": True, "texts": 1, "examples": []}


class TestCard:
    def test_keeps_sections_in_order(self) -> None:
        card = {
            "format": 1,
            "model_details": {"settings": {"token": "hunter2", "analyst": "alice"}, "run": "r"},
            "training_data": {"analysts": {"alice": {"rows": 3}}},
            "gate": {"votes": [{"reason": f"'alice' wrote {TEXT!r}"}]},
        }
        found = shareable_card(card, names())
        assert list(found) == list(card)
        told = str(found)
        assert not [word for word in ("zebra", "alice", "hunter2") if word in told]
