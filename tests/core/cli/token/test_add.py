"""`sftsec token add`: printed once, and its owner acts with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from sftsec_core.api.errors import AuthorizationError
from sftsec_core.demo.source import TASK
from tests.core.cli.invoke import error_of, invoke, json_of
from tests.core.cli.token.bare import bare_site


class TestAdd:
    def test_token_acts_as_its_owner(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        site = bare_site(tmp_path)
        made = json_of(site, "token", "add", "ann", "--role", "viewer", "--task", TASK)
        assert (made["name"], made["roles"]) == ("ann", [f"viewer@{TASK}"])
        monkeypatch.setenv("SFTSEC_TOKEN", made["token"])
        assert [each["task"] for each in json_of(site, "status")] == [TASK]
        assert isinstance(error_of(site, "token", "list"), AuthorizationError)
        monkeypatch.delenv("SFTSEC_TOKEN")
        entry = json_of(site, "audit", "tail")[-1]
        assert (entry["actor"], entry["action"]) == ("ann", "access.refused")
        assert entry["details"]["permission"] == "tokens.manage"

    def test_never_expires_when_told(self, tmp_path: Path) -> None:
        site = bare_site(tmp_path)
        made = json_of(site, "token", "add", "soar", "--role", "scorer", "--expires", "never")
        assert made["expires_at"] is None

    @pytest.mark.parametrize(
        ("given", "told"),
        [
            (["ann"], "Missing option '--role'"),
            (["ann", "--role", "boss"], "'boss' is not one of"),
            (["ann", "--role", "viewer", "--expires", "soon"], "is not a duration"),
        ],
    )
    def test_wrong_usage_is_explained(self, tmp_path: Path, given: list[str], told: str) -> None:
        result = invoke(bare_site(tmp_path), "token", "add", *given)
        assert (result.exit_code, told in result.stderr) == (2, True), result.stderr
