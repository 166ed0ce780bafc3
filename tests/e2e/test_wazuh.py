"""Wazuh's alerts as they are, with the file that `init --connector opensearch` writes."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
import pytest

from sftsec_core.packages.opensearch import build_opensearch_package
from tests.connectors.opensearch import wazuh
from tests.connectors.opensearch.users import User, own_user
from tests.connectors.search.sites import PASSWORD, own_site
from tests.connectors.search.sites import Site as EngineSite
from tests.e2e.engines import REASON, WEB, Row, text_of
from tests.e2e.site import Site, encryption
from tests.servers.engines.server import SearchServer
from tests.servers.opensearch import opensearch_secure_server

__all__ = ["opensearch_secure_server"]

TASK = "wazuh-alert"
CONNECTOR = "incidents"
START = datetime.now(UTC) - timedelta(days=2)  # within the template's window
KINDS = len(wazuh.of_each_kind(START))


@pytest.fixture(scope="module")
def engine(opensearch_secure_server: SearchServer) -> Iterator[EngineSite]:
    with own_site("opensearch", opensearch_secure_server) as own:
        yield own


@pytest.fixture(scope="module")
def user(engine: EngineSite) -> Iterator[User]:
    """The everyday user, with the role of the package."""
    with own_user(engine) as own, pytest.MonkeyPatch.context() as patch:
        role = build_opensearch_package().files["roles/sftsec.json"].decode()
        own.may(json.loads(named(engine, role)))
        password = own.login["password"].removeprefix("env:")
        patch.setenv("SFTSEC_OPENSEARCH_PASSWORD", os.environ[password])
        yield own


def named(engine: EngineSite, text: str) -> str:
    """Names of the test's own for the fixed ones: several tests share the engine."""
    token = engine.token
    return (
        text.replace("wazuh-alerts-*", f"wazuh-alerts-4.x-{token}-*")
        .replace("sftsec-verdicts", f"verdicts-{token}")
        .replace("sftsec-needs-label", f"requests-{token}")
        .replace("-default", f"-{token}")
    )


def fill_in(text: str, engine: EngineSite, username: str, password: str) -> str:
    """Change the address and the secret of what `init` wrote, and the names above."""
    server = engine.server
    ours = f"namespace: {engine.token}\n    requests_index: sftsec-needs-label"
    for old, new in (
        ("https://opensearch.example:9200", server.url),
        ("username: sftsec", f"username: {username}"),
        ("env:SFTSEC_OPENSEARCH_PASSWORD", password),
        ("# ca_file: /etc/sftsec/ca.pem", f"ca_file: {server.ca_file}"),
        ("# namespace: default", ours),
    ):
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    if state := encryption():
        text = text.replace("state:\n", f"state:\n  encrypt: {json.dumps(state['encrypt'])}\n", 1)
    return named(engine, text)


@pytest.fixture(scope="module")
def site(engine: EngineSite, user: User, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A site whose administrator did the setup."""
    made = Site(tmp_path_factory.mktemp("wazuh"))
    made.run("init", "--connector", "opensearch")
    template = made.config.read_text(encoding="utf-8")
    admin = fill_in(template, engine, str(engine.server.username), f"env:{PASSWORD}")
    made.config.write_text(admin, encoding="utf-8")
    engine.make_index(f"wazuh-alerts-4.x-{engine.token}-2026.01.05", wazuh.MAPPINGS)
    made.run("connector", "setup", CONNECTOR)
    everyday = fill_in(template, engine, user.login["username"], "env:SFTSEC_OPENSEARCH_PASSWORD")
    made.config.write_text(everyday, encoding="utf-8")
    return made


def plant(engine: EngineSite, alerts: dict[str, wazuh.Alert]) -> dict[str, str]:
    """Write alerts; return the uid of each."""
    index = f"wazuh-alerts-4.x-{engine.token}-2026.01.05"
    engine.plant(index, alerts)
    return {name: f"{index}/{name}" for name in alerts}


def judge(site: Site, verdicts: dict[str, str]) -> None:
    """Analysts' verdicts by uid."""
    file = site.folder / "verdicts.jsonl"
    rows = [
        orjson.dumps({"incident": u, "verdict": v, "analyst": "ann"}) for u, v in verdicts.items()
    ]
    file.write_bytes(b"\n".join(rows))
    assert site.json("labels", "add", CONNECTOR, "--from", str(file))["added"] == len(verdicts)


def as_alerts(rows: Sequence[Row]) -> dict[str, wazuh.Alert]:
    """Requests of a real labelled set as a web server's log, a shell's or PowerShell's."""
    kinds: tuple[Callable[[int, datetime, str], wazuh.Alert], ...]
    kinds = (wazuh.web, wazuh.auditd, wazuh.sysmon)
    return {
        row.name: kinds[n % 3](n, START + timedelta(minutes=n), text_of(row, WEB))
        for n, row in enumerate(rows)
    }


def even_rows(folder: Path) -> list[Row]:
    """As many attacks as harmless requests, in turn."""
    rows = WEB.rows(folder, ["train"])
    by_truth = ([row for row in rows if row.malicious is each] for each in (True, False))
    return [row for pair in islice(zip(*by_truth, strict=False), 300) for row in pair]


class TestAlertsOfEachKind:
    def test_have_text_host_user_and_rule(self, site: Site, engine: EngineSite) -> None:
        alerts = wazuh.of_each_kind(START)
        uids = plant(engine, alerts)
        assert site.json("connector", "check", CONNECTOR) == {CONNECTOR: []}
        judge(site, dict.fromkeys(uids.values(), "false_positive"))
        found: list[dict[str, Any]] = site.json("connector", "pull", TASK)["incidents"]
        fields = {each["uid"].partition("/")[2]: each["fields"] for each in found}
        assert fields.keys() == alerts.keys()
        for name, planted in alerts.items():
            read = fields[name]
            assert read["rule.description"] == planted["rule"]["description"]
            assert (read["rule.id"], read["rule.level"]) == (
                planted["rule"]["id"],
                planted["rule"]["level"],
            )
            assert read["agent.name"] == planted["agent"]["name"]
            assert read.get("rule.mitre.id") == planted["rule"].get("mitre", {}).get("id")
        assert "-enc SQBFAFgA" in fields["sysmon"]["data.win.eventdata.commandLine"]
        assert "/etc/cron.d/job-4" in fields["fim"]["full_log"]
        assert fields["sysmon"]["data.win.eventdata.user"].startswith("CORP\\\\<USER:")
        assert fields["sshd"]["data.srcuser"].startswith("<USER:")


class TestVerdictOnADetection:
    def test_is_learnt_by_the_next_build(
        self, site: Site, engine: EngineSite, data_dir: Callable[[str], Path]
    ) -> None:
        text = site.config.read_text(encoding="utf-8")
        site.config.write_text(text.replace("recipe: auto", "recipe: linear"), encoding="utf-8")
        rows = even_rows(data_dir(WEB.name))
        past, fresh = rows[:-100], rows[-100:]
        uids = plant(engine, as_alerts(rows))
        judge(site, {uids[row.name]: REASON[row.malicious] for row in past})
        first = site.json("retrain", TASK)
        assert first["promoted"]
        counts = first["data"]["counts"]
        assert counts["read"] == len(past) + KINDS
        assert counts["rejected"] == 0, "every alert has a text"

        scored = site.json("score", TASK)
        assert scored["pulled"] == len(fresh)
        detections = engine.documents(engine.stream)
        assert len(detections) == scored["delivered"]["written"] > 0
        shown = detections[0]["_source"]
        assert shown["agent"]["name"] in {"web-01", "ws-07"}
        assert shown["rule"]["level"] in {3, 4, 5}
        assert shown["rule"]["name"] == f"sftsec {TASK}"

        of_sysmon = next(d["_source"] for d in detections if d["_source"]["rule"]["level"] == 4)
        assert of_sysmon["threat"]["technique"]["id"] == ["T1059"]

        judged = detections[0]
        judge(site, {f"{judged['_index']}/{judged['_id']}": "false_positive"})
        second = site.json("dataset", "build", TASK)
        assert second["counts"]["read"] == counts["read"] + 1
        uid = shown["sftsec"]["incident"]["uid"]
        [verdict] = site.store().verdicts.of(CONNECTOR, [uid])[uid]
        assert (verdict.value, verdict.analyst) == ("false_positive", "ann")
