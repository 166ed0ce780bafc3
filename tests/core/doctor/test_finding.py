"""A check that fails is a finding, and the others still run."""

from __future__ import annotations

from collections.abc import Iterator

from sftsec_core.api.errors import StoreError
from sftsec_core.doctor.finding import Finding, Level, fault, findings_of, ok, warning


def breaks(error: Exception) -> Iterator[Finding]:
    yield ok("disk", "enough")
    raise error


class TestFindingsOf:
    def test_keeps_what_came_before_an_error(self) -> None:
        found = list(findings_of("disk", lambda: breaks(StoreError("no\nroom"))))
        assert [each.level for each in found] == [Level.OK, Level.FAULT]
        assert found[1].text == "no room"

    def test_names_an_unexpected_error(self) -> None:
        *_, found = findings_of("disk", lambda: breaks(IndexError("of a table")))
        assert found.text == "could not be checked: IndexError: of a table"
        assert "--debug" in found.remedy


class TestFinding:
    def test_has_its_level_and_remedy(self) -> None:
        assert warning("a", "b", "c").to_json() == {
            "name": "a", "level": "warning", "text": "b", "remedy": "c",
        }  # fmt: skip
        assert (fault("a", "b", "c").level, ok("a", "b").remedy) == (Level.FAULT, "")
