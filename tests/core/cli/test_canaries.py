"""Secrets that are planted wherever one may stand, by right or by mistake, are shown nowhere.

Each command ends in an error on purpose. What it prints, what `--debug` would print of the error,
the log at its most verbose and every file of the state folder are searched.
"""

from __future__ import annotations

import logging
import traceback
from pathlib import Path
from typing import Any

import pytest

from sftsec_core.demo.source import TASK
from sftsec_core.operations.token_format import make_token
from tests.core.cli.invoke import invoke, json_of
from tests.core.cli.token.bare import bare_site
from tests.e2e.site import Site

CANARY = "canary-4f1c9a7e-tweet"
# Nothing listens there.
NOWHERE = "127.0.0.1:9"
VARIABLE = "SFTSEC_TEST_CANARY"
SPLUNK: dict[str, Any] = {
    "type": "splunk",
    "url": f"https://{NOWHERE}",
    "token": f"env:{VARIABLE}",
    "hec": {"url": f"https://{NOWHERE}", "token": f"env:{VARIABLE}", "index": "x"},
    "retry_timeout": "0s",
}
SEARCH: dict[str, Any] = {
    "url": f"https://{NOWHERE}",
    "api_key": f"env:{VARIABLE}",
    "retry_timeout": "0s",
}
OIDC: dict[str, Any] = {"issuer": "https://login.example", "audience": "x", "roles": {}}


def shown(site: Site, log: pytest.LogCaptureFixture, *arguments: str) -> str:
    """Everything that a command that fails leaves behind."""
    with log.at_level(logging.DEBUG):
        result = invoke(site, *arguments)
    assert result.exit_code != 0, result.output
    error = result.exception
    trace = "".join(traceback.format_exception(error)) if error else ""
    return "\n".join((result.output, result.stderr, trace, log.text, kept(site)))


def kept(site: Site) -> str:
    """The bytes of the state folder."""
    files = [each for each in (site.folder / ".sftsec").rglob("*") if each.is_file()]
    return "\n".join(each.read_bytes().decode("latin-1") for each in files)


class TestReferences:
    """A secret where it belongs, behind a reference, that is of no use."""

    @pytest.mark.parametrize(
        ("settings", "command"),
        [
            ({"state": {"url": f"env:{VARIABLE}"}}, ["status"]),
            ({"state": {"encrypt": {"key": f"env:{VARIABLE}"}}}, ["status"]),
            ({"registry": {"sign_key": f"env:{VARIABLE}"}}, ["model", "sign", f"{TASK}@live"]),
            ({"registry": {"sign_key": f"env:{VARIABLE}"}}, ["retrain", TASK]),
            ({"serve": {"tokens": {"a": f"env:{VARIABLE}"}}}, ["serve", "--host", "256.0.0.1"]),
        ],
        ids=["database", "state key", "sign key", "run with a sign key", "serve"],
    )
    def test_show_no_secret(
        self,
        tmp_path: Path,
        caplog: pytest.LogCaptureFixture,
        monkeypatch: pytest.MonkeyPatch,
        settings: dict[str, Any],
        command: list[str],
    ) -> None:
        monkeypatch.setenv(VARIABLE, f"postgresql://ann:{CANARY}@{NOWHERE}/x")
        site = bare_site(tmp_path, **settings)
        assert CANARY not in shown(site, caplog, *command)

    @pytest.mark.parametrize(
        ("plugin", "connector"),
        [
            ("splunk", SPLUNK),
            ("elastic", {"type": "elastic", **SEARCH}),
            ("opensearch", {"type": "opensearch", **SEARCH}),
        ],
    )
    @pytest.mark.parametrize("verb", ["check", "setup"])
    def test_of_connectors_show_none(
        self,
        tmp_path: Path,
        caplog: pytest.LogCaptureFixture,
        monkeypatch: pytest.MonkeyPatch,
        plugin: str,
        connector: dict[str, Any],
        verb: str,
    ) -> None:
        monkeypatch.setenv(VARIABLE, CANARY)
        plugins = ["core", "files", "pii", plugin]
        site = bare_site(tmp_path, connectors={"incidents": connector}, plugins=plugins)
        assert CANARY not in shown(site, caplog, "connector", verb, "incidents")


class TestMistakes:
    """A secret where a reference, a name or nothing at all should stand."""

    @pytest.mark.parametrize(
        "settings",
        [
            {"serve": {"tokens": {"splunk": CANARY}}},
            {"serve": {"tokens": CANARY}},
            {"serve": {"tokens": [CANARY]}},
            {"state": {"encrypt": {"key": CANARY}}},
            {"state": {"encrypt": CANARY}},
            {"registry": {"sign_key": CANARY}},
            {"access": {"oidc": {**OIDC, "issuer": f"https://ann:{CANARY}@login.example"}}},
            {"access": {"oidc": {**OIDC, "jwks_uri": f"https://ann:{CANARY}@login.example"}}},
            {"access": {"oidc": {**OIDC, "client_secret": CANARY}}},
            {"connectors": {"incidents": {**SPLUNK, "token": CANARY}}},
            {"connectors": {"incidents": {**SPLUNK, "password": CANARY}}},
            {"connectors": {"incidents": {**SPLUNK, "url": f"https://a:{CANARY}@{NOWHERE}"}}},
            {"connectors": {"incidents": {"type": "elastic", **SEARCH, "api_key": CANARY}}},
        ],
        ids=str,
    )
    @pytest.mark.parametrize("command", [["status"], ["config", "check"]], ids=" ".join)
    def test_in_settings_are_not_repeated(
        self,
        tmp_path: Path,
        caplog: pytest.LogCaptureFixture,
        settings: dict[str, Any],
        command: list[str],
    ) -> None:
        plugins = ["core", "files", "pii", "splunk", "elastic"]
        site = bare_site(tmp_path, **{"plugins": plugins, **settings})
        assert CANARY not in shown(site, caplog, *command)

    @pytest.mark.parametrize(
        "text",
        ["serve: {tokens: {a: %s", "serve:\n  tokens: %s: b: c", "a: '%s", "&%s x: *y", "- %s"],
    )
    def test_in_broken_files_are_not_repeated(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture, text: str
    ) -> None:
        site = bare_site(tmp_path)
        site.config.write_text(text % CANARY, encoding="utf-8")
        assert CANARY not in shown(site, caplog, "status")

    @pytest.mark.parametrize("cut", [0, 1, 10])
    def test_of_a_pasted_token_are_not_repeated(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture, cut: int
    ) -> None:
        token, _, _ = make_token()
        given, secret = token[: len(token) - cut], token.split("_")[2][:20]
        site = bare_site(tmp_path)
        assert secret not in shown(site, caplog, "token", "revoke", given)
        assert secret not in shown(site, caplog, "token", "add", given, "--role", "viewer")

    def test_in_the_variable_are_not_repeated(
        self,
        tmp_path: Path,
        caplog: pytest.LogCaptureFixture,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        site = bare_site(tmp_path)
        token = json_of(site, "token", "add", "ann", "--role", "viewer")["token"]
        secret = token.split("_")[2][:20]
        for given in (token, token[:-1], CANARY, f"Bearer {CANARY}", f"eyJ.{CANARY}.x"):
            monkeypatch.setenv("SFTSEC_TOKEN", given)
            found = shown(site, caplog, "retrain", TASK)
            assert secret not in found
            assert CANARY not in found
