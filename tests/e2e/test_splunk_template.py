"""The file that `init --connector splunk` writes, unchanged but for address and secret, on notables
of mails as Enterprise Security writes them: the CIM's names, risk objects, and its own default
disposition.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from sftsec_core.packages.splunk import build_app
from tests.e2e.engines import SMS, Row, text_of
from tests.e2e.site import Site, with_encryption
from tests.servers.splunkd.install import read_conf
from tests.servers.splunkd.server import start_splunkd
from tests.servers.splunkd.state import Splunkd

HEC_TOKEN = "22222222-2222-2222-2222-222222222222"
TASK = "phishing-mail"
PAST, FRESH = 600, 60
DAY = 86400
RULE = "Threat - sftsec Finding - Rule"


@pytest.fixture
def app(tmp_path: Path) -> Path:
    return build_app().unpack(tmp_path / "apps")


@pytest.fixture
def splunk(monkeypatch: pytest.MonkeyPatch, app: Path) -> Iterator[Splunkd]:
    with start_splunkd(es=7) as splunk:
        splunk.install_app(app)
        splunk.add_index("sftsec")
        splunk.add_hec_token("sftsec", HEC_TOKEN, index="sftsec", indexes="sftsec", useACK="1")
        monkeypatch.setenv("SPLUNK_PASSWORD", splunk.password)
        monkeypatch.setenv("SPLUNK_HEC_TOKEN", HEC_TOKEN)
        yield splunk


@pytest.fixture
def site(splunk: Splunkd, tmp_path: Path) -> Site:
    """The template, with this search head's address and secrets, and a recipe that is quick."""
    made = Site(tmp_path / "site")
    made.folder.mkdir()
    assert made.json("init", "--connector", "splunk")["task"] == TASK
    settings = yaml.safe_load(made.config.read_text(encoding="utf-8"))
    connector = settings["connectors"]["incidents"]
    del connector["token"]
    connector |= {
        "url": splunk.url,
        "username": splunk.username,
        "password": "env:SPLUNK_PASSWORD",
        "ca_file": str(splunk.ca_file),
        "hec": {"url": splunk.hec_url, "token": "env:SPLUNK_HEC_TOKEN"},
    }
    settings["tasks"][TASK]["train"]["recipe"] = "linear"
    made.config.write_text(yaml.safe_dump(with_encryption(settings)), encoding="utf-8")
    return made


def even(rows: list[Row]) -> list[Row]:
    """As many attacks as others, in turns."""
    halves = [[row for row in rows if row.malicious is kind] for kind in (True, False)]
    return [row for pair in zip(*halves, strict=False) for row in pair]


def plant(splunk: Splunkd, rows: list[Row], start: float, *, judged: bool) -> dict[str, Row]:
    """Reported mails, an hour apart in all; the judged ones as analysts leave them."""
    named = {}
    for number, row in enumerate(rows):
        words = text_of(row, SMS).split()
        fields = {
            "search_name": "Threat - Reported Mail - Rule",
            "rule_title": "A user reported a mail",
            "subject": " ".join(words[:6]),
            "body": " ".join(words[6:]),
            "src": f"10.0.0.{number % 250}",
            "dest": "mx-1",
            "user": f"user{number % 9}",
            "risk_object": f"user{number % 9}",
            "risk_object_type": "user",
        }
        name = splunk.add_notable(fields, at=start + number * 5)
        named[name] = row
        if judged:
            kind = "disposition:1" if row.malicious else f"disposition:{2 + number % 3}"
            splunk.review(name, user=f"analyst{number % 3}", status="5", disposition=kind)
    return named


def raise_findings(splunk: Splunkd, app: Path) -> None:
    """Run the app's search for Enterprise Security, with the admin's task named in it."""
    rule = read_conf(app / "default" / "savedsearches.conf")[RULE]
    search = rule["search"].replace('sftsec_task="phishing"', f'sftsec_task="{TASK}"')
    splunk.clock_skew_s = 600.0  # the rule reads what was indexed until five minutes ago
    told = f'param.rule_title="{rule["action.notable.param.rule_title"]}"'
    splunk.search(f"search {search} | sendalert notable {told}", "admin", "sftsec")


def test_template_serves_reported_mails(
    splunk: Splunkd, site: Site, app: Path, data_dir: Callable[[str], Path]
) -> None:
    rows = even(SMS.rows(data_dir(SMS.name), ["train"]))[: PAST + FRESH]
    now = time.time()
    plant(splunk, rows[:PAST], now - 2 * DAY, judged=True)
    fresh = plant(splunk, rows[PAST:], now - DAY / 2, judged=False)
    assert site.json("connector", "check") == {"incidents": []}

    first = site.json("retrain", TASK)
    counts = first["data"]["counts"]
    assert (counts["read"], counts["empty"], counts["rejected"]) == (PAST, 0, 0)
    assert first["promoted"]

    scored = site.json("score", TASK)
    assert (scored["pulled"], scored["empty"], scored["rejected"]) == (FRESH, 0, 0)
    detections = [json.loads(each.raw) for each in splunk.events("sftsec")]
    assert len(detections) == scored["detections"] > 0
    for each in detections:
        assert each["dest"] == "mx-1"
        assert each["src"].startswith("10.0.0.")
    truth = [fresh[each["incident_uid"]].malicious for each in detections]
    assert sum(truth) > len(truth) / 2

    raise_findings(splunk, app)
    shown = "search `notable` | search detection_id=* | table event_id, incident_uid"
    findings = splunk.search(shown)
    assert len(findings) == len(detections), "each is where analysts look"
    judged = findings[0]
    attack = fresh[judged["incident_uid"]].malicious
    kind = "disposition:1" if attack else "disposition:3"
    splunk.review(judged["event_id"], user="ann", status="5", disposition=kind)

    built = site.json("dataset", "build", TASK)
    assert built["counts"]["read"] == PAST + 1, "the verdict on the finding is learned"
    (learned,) = site.store().verdicts.of("incidents", [judged["incident_uid"]]).values()
    assert [(each.analyst, each.value) for each in learned] == [
        ("ann", "true_positive" if attack else "false_positive")
    ]
    assert site.json("score", TASK)["pulled"] == 0, "a finding of a detection is no new incident"
