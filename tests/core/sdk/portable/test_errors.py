"""Texts of other programs on one line."""

from __future__ import annotations

from sftsec_core.sdk.portable import one_line


class TestOneLine:
    def test_joins_lines_and_cuts_at_the_limit(self) -> None:
        assert one_line("a\n  b\t c ") == "a b c"
        assert one_line("x" * 300) == "x" * 300
        assert one_line("x" * 301) == "x" * 297 + "..."
        assert one_line(ValueError("no"), limit=5) == "no"
