"""The text of an HTML page, as a reader sees it, and where its links lead."""

from __future__ import annotations

import re
from html.parser import HTMLParser

_UNSEEN = frozenset({"script", "style", "head", "title", "template", "noscript"})
_BREAKING = frozenset(
    {"p", "br", "div", "tr", "li", "ul", "ol", "table", "h1", "h2", "h3", "h4", "h5", "h6", "hr"}
)
_CELLS = frozenset({"td", "th"})
_BLANKS = re.compile(r"[ \t\r\f\v\xa0]+")
_LINES = re.compile(r" ?\n[ \n]*")


class _TextParser(HTMLParser):
    """Gathers text and links; unclosed and unknown elements do no harm."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self.links: dict[str, None] = {}
        self._unseen = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "body":
            self._unseen = ""  # a head that was not closed
        if not self._unseen and tag in _UNSEEN:
            self._unseen = tag
        if tag in _BREAKING:
            self.pieces.append("\n")
        elif tag in _CELLS:
            self.pieces.append(" ")
        for name, value in attrs:
            if name in ("href", "action") and value and value.strip():
                self.links.setdefault(value.strip())

    def handle_endtag(self, tag: str) -> None:
        if tag == self._unseen:
            self._unseen = ""
        if tag in _BREAKING:
            self.pieces.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.pieces.append(data.replace("\n", " "))


def html_to_text(page: str) -> tuple[str, list[str]]:
    """Read a page.

    Returns:
        Its text, a line a block, and the targets of its links and forms, each once.
    """
    parser = _TextParser()
    parser.feed(page)
    parser.close()
    text = _BLANKS.sub(" ", "".join(parser.pieces))
    return _LINES.sub("\n", text).strip(), list(parser.links)
