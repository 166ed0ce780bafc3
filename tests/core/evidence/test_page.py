"""The pages escape what they show, ask for nothing and need no script."""

from __future__ import annotations

import re

from sftsec_core.evidence.datasheet import build_datasheet
from sftsec_core.evidence.items import list_items, map_requirements
from sftsec_core.evidence.page import render_card, render_datasheet, render_index
from tests.core.evidence.test_datasheet import FULL
from tests.core.evidence.test_items import ALL, NOTHING

ABOUT = {
    "task": "<b>triage",
    "recipe": "linear",
    "origin": {"model": "0" * 64, "run": "r", "made": "2026"},
    "verdict": {"tone": "good", "title": "Approved", "words": "<script>"},
}


def checked(page: str) -> str:
    assert "<script" not in page
    assert "<b>triage" not in page
    assert not re.search(r"(src|href)=\"(https?:)?//", page)
    assert "default-src 'none'" in page
    return page


class TestIndex:
    def test_shows_what_is_here_and_missing(self) -> None:
        page = checked(render_index(ABOUT, map_requirements(list_items(NOTHING))))
        assert 'id="missing"' in page
        assert "set registry.promotion.people: 2" in page
        assert "no legal advice" in page

    def test_links_only_to_files_that_are_there(self) -> None:
        page = checked(render_index(ABOUT, map_requirements(list_items(ALL))))
        links = set(re.findall(r'href="([^"#]+)"', page))
        assert links == {*ALL.files, "signatures.json"}
        assert 'id="missing"' not in page


class TestOthers:
    def test_datasheet_marks_what_is_missing(self) -> None:
        page = checked(render_datasheet(build_datasheet(FULL)))
        assert page.count(">missing</span>") == 4
        assert "person-0123456789ab" in page

    def test_card_shows_each_section(self) -> None:
        card = {
            "format": 1,
            "model_details": {
                "task": "<b>triage",
                "recipe": "linear",
                "labels": ["a", "b"],
                "fields": {"process.command_line": "text"},
                "recall": [0.123456789, None],
            },
            "gate": {
                "votes": [{"voter": "no_leak", "approve": True, "reason": "<script>"}],
                "n": [],
            },
        }
        page = checked(render_card(card))
        assert "no leak" in page or "no_leak" in page
        assert "a, b" in page
        assert "process.command_line" in page
        assert "0.1235, not set" in page
