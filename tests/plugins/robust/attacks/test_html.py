"""A parser of HTML reads the same tags, attributes and values."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from sftsec_robust.attacks import html
from tests.plugins.robust.asking import Rewrite, draws

TEXT = '<div class="a"><img src="x" onerror="alert(1)"><a href="javascript:alert(2)">go</a></div>'


class TagReader(HTMLParser):
    """Tags with their attributes, in their order."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, list[tuple[str, str | None]]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, attrs))


def tags(text: str) -> list[tuple[str, list[tuple[str, str | None]]]]:
    reader = TagReader()
    reader.feed(text)
    return [each for each in reader.tags if each[0] != "p"]


class TestParser:
    @pytest.mark.parametrize("rewrite", [html.html_case, html.html_entities, html.html_pad])
    def test_reads_the_same(self, rewrite: Rewrite) -> None:
        made = set(draws(rewrite, TEXT, "html", twice=True))
        assert len(made) > 1
        assert all(tags(text) == tags(TEXT) for text in made)
        assert len(tags(TEXT)) == 3
