"""The template of `init --connector elastic`, unchanged but for address and secret, on alerts of
every rule type: real texts, where each type keeps them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.connectors.elastic.alerts import AlertSite, closed, make_alerts
from tests.connectors.elastic.rule_types import RULE_TYPES
from tests.connectors.search.sites import own_site
from tests.e2e.engines import REASON, WEB, Row, text_of
from tests.e2e.site import Site, with_encryption
from tests.servers.elasticsearch import elasticsearch_server
from tests.servers.engines.server import SearchServer
from tests.servers.kibana import start_kibana

__all__ = ["elasticsearch_server"]

TASK = "elastic-alerts"
PAST, FRESH = 480, 64


@pytest.fixture
def space(elasticsearch_server: SearchServer) -> Iterator[AlertSite]:
    """A Kibana space of the test's own."""
    with own_site("elastic", elasticsearch_server) as own, start_kibana(own.server) as kibana:
        yield AlertSite(own, kibana, make_alerts(own))


def mixed(rows: list[Row]) -> list[Row]:
    """The file is sorted by its labels, which alerts are not."""
    return sorted(rows, key=lambda row: blake2b(row.name.encode()).digest())


def fill(space: AlertSite, rows: list[Row]) -> None:
    """Raise alerts of each rule type in turn, and close all but the newest as they deserve."""
    documents: dict[str, Any] = {}
    begun = datetime.now(UTC) - timedelta(days=2)
    for number, (row, kind) in enumerate(zip(rows, cycle(RULE_TYPES), strict=False)):
        at = (begun + timedelta(minutes=number)).isoformat()
        raised = RULE_TYPES[kind](row.name, text_of(row, WEB), at)
        if number < PAST:
            raised[row.name] |= closed(REASON[row.malicious], at=at)
        documents |= raised
    space.plant(**documents)


def configure(space: AlertSite, folder: Path) -> Site:
    """Write the template and fill in the address and the secret; train the fast recipe."""
    site = Site(folder)
    folder.mkdir()
    assert site.json("init", "--connector", "elastic")["task"] == TASK
    settings = yaml.safe_load(site.config.read_text(encoding="utf-8"))
    connector = settings["connectors"]["incidents"]
    del connector["api_key"]
    connector |= space.site.options(space=space.space, kibana_url=space.kibana.url)
    settings["tasks"][TASK]["train"]["recipe"] = "linear"
    settings["tasks"][TASK]["gate"] = {"min_labels": 50}
    site.config.write_text(yaml.safe_dump(with_encryption(settings)), encoding="utf-8")
    return site


def test_template_serves_every_rule_type(
    space: AlertSite, data_dir: Callable[[str], Path], tmp_path: Path
) -> None:
    rows = mixed(WEB.rows(data_dir(WEB.name), ["train"]))[: PAST + FRESH]
    fill(space, rows)
    site = configure(space, tmp_path / "site")
    site.run("connector", "setup", "incidents")
    assert site.json("connector", "check") == {"incidents": []}

    first = site.json("retrain", TASK)
    counts = first["data"]["counts"]
    assert (counts["read"], counts["empty"], counts["rejected"]) == (PAST, 0, 0)
    assert first["promoted"]

    scored = site.json("score", TASK)
    assert (scored["pulled"], scored["empty"], scored["rejected"]) == (FRESH, 0, 0)
    space.kibana.promote(space.space, space.site.stream)
    made = [hit for hit in space.site.documents(space.index) if hit["_id"].startswith("of-")]
    assert len(made) == scored["detections"] > 0
    about = {hit["_source"]["sftsec"]["source"]["id"]: hit["_id"] for hit in made}
    truth = {row.name: row.malicious for row in rows[PAST:]}
    right = Counter(truth[name] for name in about)
    assert right[True] > right[False]
    hosts = [hit["_source"]["host"]["name"] for hit in made]
    assert all(host in ("srv-1", ["srv-1"]) for host in hosts)
    users = [hit["_source"]["user"]["name"] for hit in made if "user" in hit["_source"]]
    assert set(users) == {"ann"}, "as the event has it, not as the task redacts it"

    name, alert = next(iter(about.items()))
    space.kibana.close(space.space, [alert], REASON[truth[name]])
    built = site.json("dataset", "build", TASK)
    assert built["counts"]["read"] == PAST + 1
    feedback = site.store().verdicts.of("incidents", [f"{space.index}/{name}"])
    assert [v.value for v in feedback[f"{space.index}/{name}"]] == [REASON[truth[name]]]
    assert site.store().quarantine.count() == 0
