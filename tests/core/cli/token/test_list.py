"""`sftsec token list`: who has a token, never the token."""

from __future__ import annotations

from pathlib import Path

from tests.core.cli.invoke import json_of, printed
from tests.core.cli.token.bare import bare_site


class TestList:
    def test_shows_no_secret_at_all(self, tmp_path: Path) -> None:
        site = bare_site(tmp_path)
        assert printed(site, "token", "list") == "tokens: none\n"
        token = json_of(site, "token", "add", "ann", "--role", "viewer")["token"]
        for shown in (printed(site, "token", "list"), printed(site, "token", "list", "--json")):
            assert "ann" in shown
            assert "scrypt" not in shown
            assert token.rpartition("_")[2] not in shown
