"""A reader without Elastic can follow the documentation: what it says to run is run here."""

from __future__ import annotations

import base64
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from sftsec_core.demo.stream import generate, generate_open
from tests.connectors.elastic.alerts import alert, closed, make_alerts
from tests.connectors.search.sites import Site, own_site
from tests.packaging.elastic.parts import saved_objects, text_of
from tests.servers.engines.server import SearchServer
from tests.servers.kibana import start_kibana

README = text_of("docs/README.md")
BLOCKS: list[tuple[str, str]] = re.findall(
    r"^```(\w*)\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL
)
MARK = "# Needs Kibana\n"
OURS = [text for kind, text in BLOCKS if kind in {"sh", "console"} and not text.startswith(MARK)]
COMMANDS = [shlex.split(line) for text in OURS for line in text.splitlines() if line]
MAIN = "from sftsec_core.cli import main; main()"
KEY = "SFTSEC_ELASTIC_API_KEY"
TASK = "command-line"


def block(kind: str) -> str:
    """The one block of a kind."""
    (found,) = (text for each, text in BLOCKS if each == kind)
    return found


def test_the_mark_is_explained_to_the_reader() -> None:
    assert f"Blocks that begin with `{MARK.strip()}`" in README


def test_every_command_is_sftsecs_or_marked() -> None:
    assert {kind for kind, _ in BLOCKS} == {"sh", "console", "json", "yaml"}
    assert len(COMMANDS) >= 8
    assert {command[0] for command in COMMANDS} == {"sftsec"}


def test_set_up_has_five_steps() -> None:
    steps = re.findall(r"^### (\d)\. ", README, flags=re.MULTILINE)
    assert steps == ["1", "2", "3", "4", "5"]


def test_every_dashboard_search_and_panel_is_described() -> None:
    for kind in ("dashboard", "search"):
        for saved in saved_objects(kind).values():
            assert saved["attributes"]["title"] in README
    table = README.split("\n## The dashboards\n")[1].split("\n## ")[0]
    health = saved_objects("dashboard")["kibana/dashboard/sftsec-model-health.json"]
    for panel in json.loads(health["attributes"]["panelsJSON"]):
        if panel["type"] != "visualization":
            assert panel["title"] in table


@dataclass(frozen=True)
class Reader:
    """A person who follows the page, with a cluster of their own."""

    site: Site
    folder: Path
    environment: Mapping[str, str]

    def run(self, *arguments: str) -> str:
        """Run sftsec in the reader's folder; it must succeed."""
        done = subprocess.run(
            [sys.executable, "-c", MAIN, *arguments],
            cwd=self.folder,
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
        assert done.returncode == 0, (arguments, done.stdout, done.stderr)
        return done.stdout


@pytest.fixture
def reader(elasticsearch_server: SearchServer, tmp_path: Path) -> Iterator[Reader]:
    """The page followed up to step 3: a key of the role's, and the configuration."""
    with own_site("elastic", elasticsearch_server) as site, start_kibana(site.server) as kibana:
        plant(site, make_alerts(site))
        # What the upload of the package would bring: this engine knows not all of its types.
        site.connect()
        environment = {KEY: api_key(site), "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
        assert site.server.ca_file is not None
        shutil.copy(site.server.ca_file, tmp_path / "elastic-ca.pem")
        settings = configuration(site, kibana.url)
        (tmp_path / "sftsec.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
        yield Reader(site, tmp_path, environment)


def plant(site: Site, index: str) -> None:
    """Alerts on command lines: some that analysts have closed, some that are open."""
    start = datetime.now(UTC) - timedelta(days=40)
    documents = {}
    judged = (r for r in generate(1600) if "process" in r.fields and r.verdict)
    for number, record in enumerate(judged):
        word = "true_positive" if record.malicious else "false_positive"
        at = (start + timedelta(minutes=30 * number)).isoformat()
        documents[f"j{number}"] = alert(at, "", **record.fields, **closed(word, at=at))
    for number, record in enumerate(r for r in generate_open(150) if "process" in r.fields):
        at = (start + timedelta(days=38, minutes=number)).isoformat()
        documents[f"o{number}"] = alert(at, "", **record.fields)
    site.plant(index, documents)


def api_key(site: Site) -> str:
    """A key with the documented role and no more, for the names that this site has."""
    text = block("json").replace("alerts-default", f"alerts-{site.token}")
    role = json.loads(text)
    # As the page says: other indices need their own lines.
    role["indices"].append(
        {"names": ["logs-mail-*"], "privileges": ["read", "view_index_metadata"]}
    )
    body = {"name": site.token, "role_descriptors": {"sftsec": role}}
    made = site.call("POST", "/_security/api_key", body)
    return base64.b64encode(f"{made['id']}:{made['api_key']}".encode()).decode()


def configuration(site: Site, kibana_url: str) -> dict[str, Any]:
    """The documented configuration, with the addresses and names that this site has."""
    settings: dict[str, Any] = yaml.safe_load(block("yaml"))
    connector = settings["connectors"]["elastic"]
    assert connector["api_key"] == f"env:{KEY}"
    names = {"space": site.token, "namespace": site.token}
    settings["connectors"]["elastic"] = (
        connector
        | names
        | {
            "url": site.server.url,
            "kibana_url": kibana_url,
        }
    )
    # A model that trains in seconds, of the few alerts that there are.
    settings["tasks"][TASK] |= {
        "train": {"recipe": "linear"},
        "gate": {"min_labels": 20, "on_few_labels": "warn"},
    }
    return settings


@pytest.mark.slow
def test_a_reader_can_follow_the_page(reader: Reader) -> None:
    for program, *arguments in COMMANDS:
        assert program == "sftsec"
        reader.run(*arguments)
    (archive,) = (reader.folder / "dist").iterdir()
    assert re.fullmatch(r"sftsec-\d+\.\d+\.\d+\.zip", archive.name)
    written = reader.site.documents(reader.site.stream)
    assert written
    document = written[0]["_source"]
    assert document["rule"]["name"] == f"sftsec {TASK}"
    assert {"command_line"} <= set(document["process"])
    said = reader.run("connector", "check", "--json")
    assert json.loads(said) == {"elastic": []}
