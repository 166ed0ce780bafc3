"""`sftsec token revoke`: by owner or id, with completion of both."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from sftsec_core.api.errors import AuthenticationError, NotFoundError
from sftsec_core.cli import cli
from sftsec_core.operations.authorize import current_user
from tests.core.cli.invoke import error_of, json_of
from tests.core.cli.token.bare import bare_site


class TestRevoke:
    def test_ends_what_the_token_may(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        site = bare_site(tmp_path)
        made = json_of(site, "token", "add", "ann", "--role", "viewer")
        assert [each["id"] for each in json_of(site, "token", "revoke", "ann")] == [made["id"]]
        assert isinstance(error_of(site, "token", "revoke", "ann"), NotFoundError)
        monkeypatch.setenv("SFTSEC_TOKEN", made["token"])
        assert isinstance(error_of(site, "status"), AuthenticationError)
        monkeypatch.delenv("SFTSEC_TOKEN")
        entry = json_of(site, "audit", "tail")[-1]
        assert (entry["actor"], entry["action"]) == (current_user(), "access.refused")
        assert entry["details"]["permission"] == "authenticate"

    def test_names_and_ids_are_completed(self, tmp_path: Path) -> None:
        site = bare_site(tmp_path)
        made = json_of(site, "token", "add", "ann", "--role", "viewer")
        shell = ShellComplete(cli, {}, "sftsec", "_SFTSEC_COMPLETE")
        asked = ["-c", str(site.config), "token", "revoke"]
        found = [each.value for each in shell.get_completions(asked, "")]
        assert found == ["ann", made["id"]]
