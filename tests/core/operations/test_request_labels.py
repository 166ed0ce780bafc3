"""What is put on the labelling page beside the requests to the platform."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sftsec_core.api.domain import Actor, Explanation, Message
from sftsec_core.api.errors import ConnectorError
from sftsec_core.config.settings import Settings
from sftsec_core.operations.authorize import ANALYST, local_admin
from sftsec_core.operations.build_dataset import build_dataset
from sftsec_core.operations.context import Context
from sftsec_core.operations.judge_incidents import (
    GivenVerdict,
    judge_incidents,
    retract_verdicts,
)
from sftsec_core.operations.request_labels import request_labels
from sftsec_core.testing.incidents import make_incidents
from tests.core.server.site import TASK, Site


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a site with a live model."""
    folder = tmp_path_factory.mktemp("trained")
    siem = {"verdicts": "verdicts.jsonl"}
    Site.live_model(folder, siem=siem, analysts=["soar"]).context.close()
    return folder


@pytest.fixture
def site(trained: Path, tmp_path: Path) -> Iterator[Site]:
    folder = tmp_path / "site"
    shutil.copytree(trained, folder)
    context = Context.open(folder / "sftsec.yaml", actor=local_admin("test"))
    with context:
        yield Site(folder, context)


def reopened(site: Site, *, siem: dict[str, Any] | None = None, **serve: Any) -> Context:
    """The same site with other settings, and what it says in `told`."""
    file = site.folder / "sftsec.yaml"
    settings = json.loads(file.read_text(encoding="utf-8"))
    settings["connectors"]["siem"] |= siem or {}
    settings["serve"] |= serve
    file.write_text(json.dumps(settings), encoding="utf-8")
    return Context.open(file, actor=site.context.actor, sinks=[told.append])


told: list[Any] = []


@pytest.fixture(autouse=True)
def _forget() -> None:
    told.clear()


def messages() -> list[tuple[str, str]]:
    return [(each.level, each.text) for each in told if isinstance(each, Message)]


class TestQueue:
    def test_holds_what_the_model_asks(self, site: Site) -> None:
        asked = request_labels(site.context, TASK, limit=5)
        queue = site.context.label_queue.waiting([TASK])
        assert [each.uid for each in queue] == [one.incident.uid for one in asked.wanted]
        assert (asked.requested, asked.queued, asked.to_json()["queued"]) == (5, 5, 5)
        first, shown = asked.wanted[0].incident, queue[0]
        assert (shown.probability, shown.label) == (first.probability, first.label)
        assert set(shown.fields) <= set(first.incident.fields)
        assert "the model is not sure" in shown.reason

    def test_says_why_where_the_task_does(self, site: Site) -> None:
        file = site.folder / "sftsec.yaml"
        settings = json.loads(file.read_text(encoding="utf-8"))
        settings["plugins"] = [*Settings().plugins, "explain"]
        settings["tasks"][TASK]["explain"] = {"name": "words", "neighbours": 0}
        file.write_text(json.dumps(settings), encoding="utf-8")
        with Context.open(file, actor=site.context.actor) as context:
            request_labels(context, TASK, limit=5)
            queue = context.label_queue.waiting([TASK])
        assert len(queue) == 5
        for each in queue:
            assert each.explanation is not None
            why = Explanation.from_json(each.explanation)
            assert (why.label, why.method) == (each.label, "exact")
            for word in why.attributions:
                assert word.span is not None
                assert each.fields[word.input][slice(*word.span)] == word.words

    def test_shows_copies_as_one_row(self, site: Site) -> None:
        made = make_incidents(30, seed=5, labelled=0.0)
        site.write([replace(each, uid=f"{each.uid}-{n}") for n in range(3) for each in made])
        asked = request_labels(site.context, TASK, limit=4)
        for row in site.context.label_queue.waiting([TASK]):
            assert len(row.uids) >= 3
            assert len(set(row.uids)) == len(row.uids)
        assert asked.queued == 4

    def test_repeated_request_adds_nothing(self, site: Site) -> None:
        request_labels(site.context, TASK, limit=5)
        assert request_labels(site.context, TASK, limit=5).queued == 0
        assert site.context.label_queue.count([TASK]) == 5

    def test_dry_run_leaves_it_empty(self, site: Site) -> None:
        request_labels(site.context, TASK, limit=5, dry_run=True)
        assert site.context.label_queue.version() == "none"

    def test_is_not_made_without_analysts(self, site: Site) -> None:
        with reopened(site, analysts=[]) as context:
            assert request_labels(context, TASK, limit=5).queued == 0
            assert context.label_queue.version() == "none"

    def test_needs_a_place_for_verdicts(self, site: Site) -> None:
        with reopened(site, siem={"verdicts": None}) as context:
            asked = request_labels(context, TASK, limit=5)
        assert (asked.requested, asked.queued) == (5, 0)
        ((level, text),) = messages()
        assert (level, "set `verdicts`" in text) == ("warning", True)

    def test_stands_in_for_a_platform(self, site: Site) -> None:
        with reopened(site, siem={"output": None}) as context:
            asked = request_labels(context, TASK, limit=5)
            assert (asked.requested, asked.queued) == (0, 5)
            assert context.store.label_requests.waiting(TASK, "siem") == 5
        assert "on the page /label alone" in messages()[-1][1]

    def test_verdict_is_learnt_and_asked_no_more(self, site: Site) -> None:
        request_labels(site.context, TASK, limit=60)
        soar = site.context.acting_as(Actor("soar", frozenset({ANALYST}), "server"))
        first, *others, last = soar.label_queue.waiting([TASK])
        given = [GivenVerdict("k", first.place, "benign")]
        labels = ("malicious", "benign")
        given += [GivenVerdict(f"k{n}", each.place, labels[n % 2]) for n, each in enumerate(others)]
        judge_incidents(soar, given)
        build_dataset(site.context, TASK)
        (verdict,) = site.context.store.verdicts.of("siem", [first.uid])[first.uid]
        assert (verdict.value, verdict.analyst) == ("benign", "soar")
        again = request_labels(site.context, TASK, limit=60)
        assert first.uid not in [one.incident.uid for one in again.wanted]
        assert last.uid in [each.uid for each in soar.label_queue.waiting([TASK])]
        retract_verdicts(soar, ["k"])
        assert first.uid in [each.uid for each in soar.label_queue.waiting([TASK])]

    def test_no_place_at_all_is_an_error(self, site: Site) -> None:
        nowhere = {"output": None, "verdicts": None}
        with (
            reopened(site, siem=nowhere) as context,
            pytest.raises(ConnectorError, match="set `output`"),
        ):
            request_labels(context, TASK, limit=5)
