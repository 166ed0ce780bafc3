"""A rich console shows text, styled, without the text's own control sequences."""

from __future__ import annotations

import io

from rich.table import Table
from rich.text import Text

from sftsec_core.cli.safe_console import SafeConsole


class TestConsole:
    def printed(self, what: object, *, terminal: bool = False) -> str:
        out = io.StringIO()
        SafeConsole(file=out, force_terminal=terminal, width=40, markup=False).print(what)
        return out.getvalue()

    def test_strings_are_shown_without_sequences(self) -> None:
        assert self.printed("a\x1b[2Jb\x9b\u202e") == "a\ufffd[2Jb\ufffd\ufffd\n"

    def test_titles_and_cells_are_safe(self) -> None:
        table = Table("head\x1b[1m", title="t\x9b")
        table.add_row(Text("cell\u202e"))
        printed = self.printed(table)
        assert not {"\x1b", "\x9b", "\u202e"} & set(printed)
        assert printed.count("\ufffd") == 3

    def test_own_styles_reach_a_terminal(self) -> None:
        printed = self.printed(Text("a\x1b]0;x\x07", style="bold"), terminal=True)
        assert printed.startswith("\x1b[1ma\ufffd]0;x")
