"""What a reader sees of a page."""

from __future__ import annotations

import pytest

from sftsec_files.html_text import html_to_text


class TestHtmlToText:
    def test_keeps_blocks_and_drops_scripts(self) -> None:
        page = (
            "<html><head><title>t</title><style>p {}</style></head><body><p>Dear&nbsp;user,</p>"
            "<div>your <b>box</b>\n is full</div><script>x = '<p>'</script>"
            "<td>a</td><td>b</td></body>"
        )
        assert html_to_text(page) == ("Dear user,\nyour box is full\na b", [])

    def test_gathers_links_and_forms_once(self) -> None:
        page = '<a href="http://x.example/?a=1&amp;b=2">bank</a><a href=http://x.example/?a=1&b=2>'
        page += '<form action="//y.example">'
        assert html_to_text(page) == ("bank", ["http://x.example/?a=1&b=2", "//y.example"])

    @pytest.mark.parametrize("page", ["<p", "a < b", "<!-- open", "<script>x", "<![CDATA[", "&#x;"])
    def test_survives_broken_pages(self, page: str) -> None:
        text, links = html_to_text(f"seen {page}")
        assert text.startswith("seen")
        assert links == []

    def test_head_without_end_ends_at_the_body(self) -> None:
        assert html_to_text("<head><title>t<body>seen")[0] == "seen"
