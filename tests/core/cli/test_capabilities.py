"""Verbs that only some connectors can do: on one that cannot, a line that says so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sftsec_core.api.errors import SftsecError
from sftsec_core.cli import cli
from sftsec_core.demo.source import TASK
from tests.e2e.site import Site


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    made = Site.make(tmp_path_factory.mktemp("site"))
    made.run("retrain", TASK)
    return made


def invoke(site: Site, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["-c", str(site.config), *arguments])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("connector", "setup", "incidents"), "it needs no setup"),
        (("labels", "add", "incidents", "a/b", "--verdict", "x"), "on the platform itself"),
        (("audit", "push", "incidents"), "it keeps no audit log"),
    ],
)
def test_a_connector_that_cannot_says_so(
    site: Site, arguments: tuple[str, ...], message: str
) -> None:
    result = invoke(site, *arguments)
    assert isinstance(result.exception, SftsecError)
    assert result.exception.exit_code == 5
    assert message in str(result.exception)


def test_labels_are_requested_for_what_the_model_is_least_sure_of(site: Site) -> None:
    shown = json.loads(invoke(site, "labels", "request", TASK, "--dry-run", "--json").output)
    assert shown["requested"] == 0
    assert len(shown["wanted"]) == 20
    assert shown["wanted"] == sorted(shown["wanted"], key=lambda each: each["doubt"])
    asked = json.loads(invoke(site, "labels", "request", TASK, "--limit", "3", "--json").output)
    assert asked["requested"] == 3
    requests = Path(f"{site.output}.label-requests.jsonl").read_text(encoding="utf-8")
    assert all(each["uid"] in requests for each in asked["wanted"])
    log = json.loads(invoke(site, "audit", "tail", "--action", "labels.requested", "--json").output)
    assert [entry["details"]["requested"] for entry in log] == [3]
