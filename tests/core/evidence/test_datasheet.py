"""The datasheet answers the paper's questions, and says which it cannot."""

from __future__ import annotations

from sftsec_core.evidence.datasheet import DatasheetFacts, build_datasheet, unanswered

BARE = DatasheetFacts(task="triage", data={}, settings={}, parts={}, sources={})
FULL = DatasheetFacts(
    task="triage",
    data={
        "span": ["2026-01-01", "2026-02-01"],
        "redactions": {"email": 3},
        "split": "time",
        "counts": {"read": 9, "kept": 8},
        "analysts": {"person-0123456789ab": {"verdicts": 4}},
    },
    settings={"labels": {"benign": ["fp"]}, "window": "90d"},
    parts={"train": {"benign": 4}},
    sources={"siem": {"kind": "elastic"}},
    snapshot="ab" * 32,
    seal={"verdicts": 4, "hash": "0" * 64},
)


def answers(facts: DatasheetFacts) -> dict[str, object]:
    sheet = build_datasheet(facts)
    return {
        each["question"]: each["answer"] for part in sheet["sections"] for each in part["questions"]
    }


class TestDatasheet:
    def test_has_the_papers_sections(self) -> None:
        titles = [section["title"] for section in build_datasheet(BARE)["sections"]]
        assert titles == [
            "Motivation", "Composition", "Collection process",
            "Preprocessing, cleaning and labelling", "Uses", "Distribution", "Maintenance",
        ]  # fmt: skip

    def test_tells_sources_period_and_provenance(self) -> None:
        found = answers(FULL)
        assert found["From which sources was it acquired?"] == {"siem": {"kind": "elastic"}}
        period = found["Over what time was it collected?"]
        assert period == {"first incident": "2026-01-01", "last incident": "2026-02-01"}
        given = found["Who gave the labels?"]
        assert given == {
            "by analyst, under a pseudonym": {"person-0123456789ab": {"verdicts": 4}},
            "sealed by the audit log": {"verdicts": 4, "hash": "0" * 64},
        }

    def test_says_what_is_not_recorded(self) -> None:
        lacking = unanswered(build_datasheet(BARE))
        assert "Over what time was it collected?" in lacking
        assert "Who gave the labels?" in lacking
        assert answers(BARE)["Who gave the labels?"] == "Not recorded."

    def test_leaves_the_organisations_part_open(self) -> None:
        lacking = unanswered(build_datasheet(FULL))
        assert len(lacking) == 4
        assert all(str(answers(FULL)[each]).endswith("has to say.") for each in lacking)
