"""Every command against every role: what is allowed, what is refused, and what needs no role."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import click
import pytest

from sftsec_core.api.errors import AuthorizationError, SftsecError
from sftsec_core.cli import cli
from sftsec_core.demo.source import TASK
from sftsec_core.operations import preflight
from sftsec_core.operations.authorize import ROLES, current_user
from sftsec_core.plugins import Plugins
from tests.core.cli.invoke import invoke, json_of
from tests.core.cli.token.bare import bare_site
from tests.e2e.site import Site

SEEING = frozenset({"viewer", "analyst", "operator", "admin"})
LABELLING = frozenset({"analyst", "admin"})
OPERATING = frozenset({"operator", "admin"})
ADMIN = frozenset({"admin"})
NONE = "0" * 12
# A command to its arguments and to the roles that may run it; a command that is new needs a row.
COMMANDS: dict[str, tuple[list[str], frozenset[str]]] = {
    "adapt": ([TASK], OPERATING),
    "audit push": (["incidents"], OPERATING),
    "audit tail": ([], SEEING),
    "audit verify": ([], SEEING),
    "bench connector": (["incidents"], ADMIN),
    "connector check": ([], OPERATING),
    "connector list": ([], SEEING),
    "connector pull": ([TASK], OPERATING),
    "connector setup": (["incidents"], ADMIN),
    "dataset build": ([TASK], OPERATING),
    "dataset show": ([TASK], SEEING),
    "doctor": (["--offline"], SEEING),
    "drift check": ([TASK], OPERATING),
    "drift show": ([TASK], SEEING),
    "evidence": ([TASK], SEEING),
    "forget": ([NONE, "--dry-run"], ADMIN),
    "gc": ([], OPERATING),
    "gpu leases": ([], SEEING),
    "gpu list": ([], SEEING),
    "gpu release": ([NONE, "--reason", "maintenance"], OPERATING),
    "init": (["--from", "connector:incidents"], OPERATING),
    "labels add": (["incidents", "a", "--verdict", "tp"], LABELLING),
    "labels functions": ([TASK], OPERATING),
    "labels list": ([], SEEING),
    "labels request": ([TASK], OPERATING),
    "labels review": ([TASK], SEEING),
    "labels stats": ([], SEEING),
    "model backtest": ([TASK], OPERATING),
    "model list": ([], SEEING),
    "model optimize": ([NONE], OPERATING),
    "model promote": ([NONE], OPERATING),
    "model rollback": ([TASK], ADMIN),
    "model show": ([NONE], SEEING),
    "model sign": ([NONE], ADMIN),
    "model verify": ([NONE], SEEING),
    "predict": ([TASK, "a text"], OPERATING | {"scorer"}),
    "privacy account": ([TASK], SEEING),
    "quarantine list": ([], SEEING),
    "report": ([], SEEING),
    "retrain": ([TASK], OPERATING),
    "run add": (["dataset", TASK], OPERATING),
    "run cancel": ([NONE], OPERATING),
    "run diff": ([NONE, NONE], SEEING),
    "run list": ([], SEEING),
    "run logs": ([NONE], SEEING),
    "run retry": ([NONE], OPERATING),
    "run show": ([NONE], SEEING),
    "schedule add": (["nightly", "--run", "gc", "--interval", "7d"], OPERATING),
    "schedule due": ([], SEEING),
    "schedule edit": (["nightly", "--priority", "1"], OPERATING),
    "schedule history": (["nightly"], SEEING),
    "schedule list": ([], SEEING),
    "schedule pause": (["nightly"], OPERATING),
    "schedule remove": (["nightly"], OPERATING),
    "schedule resume": (["nightly"], OPERATING),
    "schedule run": (["nightly"], OPERATING),
    "schedule show": (["nightly"], SEEING),
    "schedule simulate": ([], SEEING),
    "score": ([TASK], OPERATING),
    "serve": ([], OPERATING),
    "status": ([], SEEING),
    "store backup": (["copy.tar"], ADMIN),
    "store check": ([], SEEING),
    "store encrypt": ([], ADMIN),
    "store migrate": ([], ADMIN),
    "store move": (["sqlite:///elsewhere.db"], ADMIN),
    "store restore": (["sftsec.yaml"], ADMIN),
    "store rotate-key": (["--new-key", "env:SFTSEC_NO_KEY"], ADMIN),
    "store share": ([], ADMIN),
    "token add": (["ann", "--role", "viewer"], ADMIN),
    "token list": ([], ADMIN),
    "token revoke": (["nobody"], ADMIN),
    "worker drain": ([], OPERATING),
    "worker list": ([], SEEING),
    "worker run": (["--once"], OPERATING),
}
# They read neither the state nor a platform: what they do anyone may do who can run Python.
OPEN = {
    "bench cascade",
    "bench context",
    "bench drift",
    "bench explain",
    "bench fairness",
    "bench federated",
    "bench ingest",
    "bench kills",
    "bench noise",
    "bench poison",
    "bench quality",
    "bench ray",
    "bench redaction",
    "bench privacy",
    "bench robustness",
    "bench score",
    "bench serve",
    "bench start",
    "bench store",
    "bench train",
    "bench vision",
    "completion",
    "config check",
    "config schema",
    "demo",
    "package deployment",
    "package elastic",
    "package opensearch",
    "package soar",
    "package splunk",
    "plugins check",
    "plugins list",
    "plugins new",
}
CASES = [(command, role) for command in COMMANDS for role in (*ROLES, "no role")]


def commands(group: click.Group, *path: str) -> Iterator[str]:
    """The full names of all commands."""
    context = click.Context(group)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        if isinstance(found, click.Group):
            yield from commands(found, *path, name)
        else:
            yield " ".join((*path, name))


@pytest.fixture(scope="module", autouse=True)
def _plugins_once() -> Iterator[None]:
    """All sites enable the same plugins; to load them is half the time of a command."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(preflight, "Plugins", cache(Plugins))
        yield


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Site]:
    """A site for each role that this machine's user has, and one without any."""
    made = {}
    for role in (*ROLES, "no role"):
        users = {current_user(): [role]} if role in ROLES else {"somebody-else": ["admin"]}
        made[role] = bare_site(tmp_path_factory.mktemp("site"), access={"os_users": users})
    return made


class TestCommands:
    def test_the_table_names_every_command(self) -> None:
        assert set(commands(cli)) == {*COMMANDS, *OPEN}

    @pytest.mark.parametrize(("command", "role"), CASES, ids=str)
    def test_run_for_the_roles_that_may(
        self, sites: dict[str, Site], monkeypatch: pytest.MonkeyPatch, command: str, role: str
    ) -> None:
        monkeypatch.chdir(sites[role].folder)  # where files go that a command writes
        given, allowed = COMMANDS[command]
        error = invoke(sites[role], *command.split(), *given).exception
        if role in allowed:
            # There are no data and no models: most end with another error of ours.
            assert error is None or isinstance(error, SftsecError), error
            assert not isinstance(error, AuthorizationError), error
        else:
            assert isinstance(error, AuthorizationError), error
            assert error.exit_code == 11


class TestRefusals:
    def test_are_in_the_audit_log(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        site = bare_site(tmp_path)
        token = json_of(site, "token", "add", "ann", "--role", "viewer")["token"]
        monkeypatch.setenv("SFTSEC_TOKEN", token)
        result = invoke(site, "retrain", TASK)
        assert isinstance(result.exception, AuthorizationError)
        monkeypatch.delenv("SFTSEC_TOKEN")
        entry = json_of(site, "audit", "tail")[-1]
        assert (entry["actor"], entry["action"]) == ("ann", "access.refused")
        assert entry["details"] == {
            "permission": "model.retrain",
            "task": TASK,
            "origin": "cli",
        }


class TestOneTask:
    """An operator and analyst of one task, before the other."""

    @pytest.mark.parametrize(
        ("given", "allowed"),
        [
            (["retrain", TASK], True),
            (["retrain", "other"], False),
            (["score", "other"], False),
            (["labels", "request", "other"], False),
            (["dataset", "show", "other"], False),
            (["report", "other"], False),
            (["model", "list", "other"], False),
            (["run", "list", "other"], False),
            (["model", "list"], True),
            (["run", "list"], True),
            (["status"], True),
            (["audit", "tail"], False),
            (["labels", "list"], False),
            (["quarantine", "list"], False),
            # A verdict would count in the other task, which reads the same connector.
            (["labels", "add", "incidents", "a", "--verdict", "tp"], False),
            (["gc"], False),
        ],
        ids=lambda each: " ".join(each) if isinstance(each, list) else str(each),
    )
    def test_is_held_to_its_task(self, tmp_path: Path, given: list[str], allowed: bool) -> None:
        roles = [f"operator@{TASK}", f"analyst@{TASK}"]
        site = bare_site(tmp_path, access={"os_users": {current_user(): roles}})
        error = invoke(site, *given).exception
        assert isinstance(error, AuthorizationError) != allowed, error
