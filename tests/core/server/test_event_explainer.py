"""`POST /v1/explain`: the results of `/v1/score`, and why; alike incidents for readers alone."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from numpy.typing import NDArray

import sftsec_explain.hooks
from sftsec_core.api.contracts import ExplainerSpec, ExplainJob
from sftsec_core.api.domain import Batch, Explanation
from sftsec_core.operations.add_token import add_token
from sftsec_core.operations.build_dataset import build_dataset
from sftsec_core.operations.predict import predict
from sftsec_core.scoring.explaining import DecisionExplainer
from sftsec_core.server.batch_scorer import BatchScorer
from sftsec_core.server.endpoint import Endpoint
from sftsec_core.server.event_explainer import EventExplainer
from sftsec_core.server.model_cache import ModelCache
from sftsec_core.server.schemas import ScoreEvent
from sftsec_core.testing.incidents import make_incidents
from tests.core.scoring.parts import scorer
from tests.core.server.site import TASK, Client, Site, running, wait_until

SPAM = "urgent verify the password of anna@shop.example"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site that explains, with labelled incidents and a live model."""
    made = Site.make(
        tmp_path_factory.mktemp("site"), sftsec_explain.hooks, siem={"analyst": "analyst"}
    )
    lines = [
        orjson.dumps({"id": each.uid, "label": v.value, "analyst": v.analyst, **each.fields})
        for each in make_incidents(120, seed=5, labelled=1.0)
        for v in each.verdicts
    ]
    (made.folder / "incidents.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    build_dataset(made.context, TASK)
    made.promote(made.register())
    yield made
    made.context.close()


@pytest.fixture(scope="module")
def client(site: Site) -> Iterator[Client]:
    with running(Endpoint(site.context, site.settings(max_batch=40), docs=True)) as made:
        wait_until(made, "/readyz", status="ready")
        yield made


@pytest.fixture(scope="module")
def reader(site: Site, client: Client) -> Client:
    """Somebody who may score and read."""
    token = add_token(site.context, "reader", ["scorer", "viewer"]).token
    return Client(client.url, token=token)


def event(text: str, **more: Any) -> dict[str, Any]:
    return {"fields": {"message": text}, **more}


class TestExplain:
    def test_results_are_those_of_score_with_why(self, client: Client) -> None:
        asked = [event(SPAM, id="a"), event("lunch agenda", id="b")]
        scored, explained = client.score(asked), client.explain(asked)
        told = [each.pop("explanation") for each in explained.results]
        assert all("because of `" in each["text"] for each in told)
        assert [(each["label"], each["against"], each["method"]) for each in told] == [
            ("malicious", "benign", "exact"),
            ("benign", "malicious", "exact"),
        ]
        for result, plain in zip(explained.json["results"], scored.results, strict=True):
            assert result.items() >= plain.items()
        assert {key: explained.json[key] for key in ("model", "threshold", "counts")} == {
            key: scored.json[key] for key in ("model", "threshold", "counts")
        }

    def test_says_what_predict_says(self, site: Site, reader: Client) -> None:
        (result,) = reader.explain([event(SPAM)]).results
        _, (predicted,) = predict(site.context, TASK, [{"message": SPAM}], why=True)
        assert predicted.explanation is not None
        assert result["explanation"] == json.loads(orjson.dumps(predicted.explanation))

    def test_places_are_of_the_redacted_fields(self, client: Client) -> None:
        (result,) = client.explain([event(SPAM)]).results
        text = result["fields"]["message"]
        assert "anna@shop.example" not in client.explain([event(SPAM)]).raw.decode()
        for each in result["explanation"]["attributions"]:
            start, end = each["span"]
            assert (each["input"], each["words"]) == ("message", text[start:end])

    def test_what_cannot_be_read_has_no_reason(self, client: Client) -> None:
        reply = client.explain([{"id": 1}, event("", id=2), event(SPAM, id=3)])
        found = [(each["id"], each["explanation"] is None) for each in reply.results]
        assert found == [(1, True), (2, True), (3, False)]
        assert reply.json["counts"] == {"events": 3, "scored": 1, "failed": 2}

    def test_bounds_are_those_of_score(self, client: Client) -> None:
        reply = client.explain([event("click")] * 41)
        assert (reply.status, "a batch may hold 40 events" in reply.detail) == (413, True)
        assert client.explain([event("click")], task="empty").status == 409
        assert client.call("POST", "/v1/explain", b"{").status == 400

    def test_a_long_batch_is_explained_whole(self, client: Client) -> None:
        results = client.explain([event(f"{SPAM} {n}", id=n) for n in range(40)]).results
        assert [each["id"] for each in results] == list(range(40))
        assert all(each["explanation"] for each in results)

    def test_counts_no_alert_again(self, client: Client, reader: Client) -> None:
        def alerts() -> list[str]:
            lines = reader.get("/metrics").raw.decode().splitlines()
            return [each for each in lines if each.startswith("sftsec_alerts_total")]

        before = alerts()
        (result,) = client.explain([event(SPAM)]).results
        assert (result["detection"], alerts()) == (True, before)


class TestNeighbours:
    def test_are_named_to_readers_alone(self, client: Client, reader: Client) -> None:
        (open_,), (closed,) = (each.explain([event(SPAM)]).results for each in (reader, client))
        near = open_["explanation"]["neighbours"]
        assert {each["label"] for each in near} == {"malicious"}
        assert {who for each in near for who in each["analysts"]} <= {"analyst-0", "analyst-1"}
        assert " called malicious" in open_["explanation"]["text"]
        assert closed["explanation"]["neighbours"] == []
        assert "called" not in closed["explanation"]["text"]


class TestWithoutExplainer:
    def test_says_which_plugin_to_enable(self, tmp_path: Path) -> None:
        plain = Site.live_model(tmp_path)
        with running(Endpoint(plain.context, plain.settings())) as client:
            wait_until(client, "/readyz", status="ready")
            reply = client.explain([event(SPAM)])
        plain.context.close()
        assert (reply.status, "add `explain` to `plugins`" in reply.detail) == (409, True)


class Slow:
    """An explainer that waits for its gate, and fails on a text."""

    def __init__(self) -> None:
        self.entered, self.gate = threading.Event(), threading.Event()

    def spec(self) -> ExplainerSpec[Any]:
        return ExplainerSpec(name="slow", summary="waits", explain=self.explain)

    def explain(self, _config: object, job: ExplainJob) -> list[Explanation]:
        self.entered.set()
        assert self.gate.wait(30)
        if any("bad" in text for text in job.batch.text()):
            raise RuntimeError("the secret words of the record")
        return [Explanation("spam", "ham", "slow", "because")] * len(job.batch)


class TestEventExplainer:
    def test_one_that_fails_loses_no_score(self) -> None:
        slow = Slow()
        slow.gate.set()
        explain = DecisionExplainer(slow.spec(), slow.spec().configure({}))
        made = EventExplainer(BatchScorer(scorer(), ("message",)), explain, nullcontext)
        texts = ("spam", "bad spam")
        found = made([ScoreEvent(fields={"message": text}) for text in texts])
        assert [each.label for each in found] == ["spam", "spam"]
        assert [getattr(each, "explanation", 0) is None for each in found] == [False, True]


class TestTurn:
    def test_an_explainer_is_alone_with_the_model(self, site: Site) -> None:
        cache = ModelCache(site.context, TASK)
        cache.refresh()
        model = cache.status.model
        assert model is not None
        assert model.explainer is not None
        asked = threading.Event()
        scored: list[NDArray[np.float64]] = []

        def score() -> None:
            asked.set()
            scored.append(model.scorer.scorer.model.predict_proba(Batch.of_texts([SPAM])))

        other = threading.Thread(target=score)
        with model.explainer.turn():
            own = model.explainer.scorer.scorer.model.predict_proba(Batch.of_texts([SPAM]))
            other.start()
            assert asked.wait(30)
            other.join(0.05)
            assert not scored
        other.join(30)
        assert np.array_equal(scored[0], own)
