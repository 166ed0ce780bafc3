"""Batches across requests, the lane of large events, and what waits when a worker stops."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import orjson
import pytest
from numpy.typing import NDArray

from sftsec_core.api.domain import Batch
from sftsec_core.api.errors import PluginError
from sftsec_core.server.batch_scorer import BatchScorer
from sftsec_core.server.error_responses import ProblemError
from sftsec_core.server.model_cache import ServedModel
from sftsec_core.server.schemas import RefusedEvent, ScoreBatch, ScoreEvent
from sftsec_core.server.scoring_job import LARGE_EVENT, ScoringJob
from sftsec_core.server.worker import ScoringWorker
from tests.core.scoring.parts import TASK, WordModel, scorer
from tests.core.server.site import PATIENCE_S


class HeldModel(WordModel):
    """Waits for the gate where a text says so."""

    def __init__(self) -> None:
        super().__init__()
        self.entered = threading.Event()
        self.gate = threading.Event()

    def predict_proba(self, batch: Batch) -> NDArray[np.float64]:
        if any("hold" in text for text in batch.text()):
            self.entered.set()
            assert self.gate.wait(PATIENCE_S)
        return super().predict_proba(batch)


def served(model: WordModel, digest: str = "d") -> ServedModel:
    made = BatchScorer(scorer(model), ("message",))
    ref: Any = type("Ref", (), {"digest": digest, "recipe": "words"})
    return ServedModel(ref, TASK, made, BatchScorer(scorer(model), ("message",)))


def job(*texts: str, owner: str = "splunk") -> ScoringJob:
    events = [ScoreEvent(id=text[:20], fields={"message": text}) for text in texts]
    return ScoringJob(owner, ScoreBatch("mail", events, [len(text) for text in texts]))


def answer(done: ScoringJob) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(done.response.result(PATIENCE_S))
    return found


def labels(done: ScoringJob) -> list[str]:
    return [each["label"] for each in answer(done)["results"]]


@pytest.fixture
def model() -> Iterator[HeldModel]:
    made = HeldModel()
    yield made
    made.gate.set()


@pytest.fixture
def worker(model: HeldModel) -> Iterator[ScoringWorker]:
    live = served(model)
    made = ScoringWorker("mail", lambda: live, events=4)
    yield made
    model.gate.set()
    made.stop()


def submit(worker: ScoringWorker, jobs: Sequence[ScoringJob]) -> None:
    for each in jobs:
        worker.submit(each)


class TestBatches:
    def test_waiting_requests_share_a_batch(self, worker: ScoringWorker, model: HeldModel) -> None:
        first = job("hold")
        worker.submit(first)
        assert model.entered.wait(PATIENCE_S)
        others = [job("spam", "virus", owner="a"), job("spam", owner="b"), job("hello", owner="a")]
        submit(worker, others)
        model.gate.set()
        assert [labels(each) for each in others] == [["spam", "virus"], ["spam"], ["ham"]]
        assert [len(texts) for texts in model.asked] == [1, 3]
        assert answer(others[0])["counts"] == {"events": 2, "scored": 2, "failed": 0}

    def test_long_request_is_cut_into_slices(self, worker: ScoringWorker, model: HeldModel) -> None:
        texts = [f"hold {number}" for number in range(10)]
        long, short = job(*texts, owner="a"), job("spam", owner="b")
        submit(worker, [long])
        assert model.entered.wait(PATIENCE_S)
        worker.submit(short)
        model.gate.set()
        assert [each["id"] for each in answer(long)["results"]] == texts
        assert labels(short) == ["spam"]
        assert [len(each) for each in model.asked] == [4, 4, 3]
        assert "spam" in model.asked[2]

    def test_a_cancelled_request_is_not_scored(
        self, worker: ScoringWorker, model: HeldModel
    ) -> None:
        worker.submit(job("hold"))
        assert model.entered.wait(PATIENCE_S)
        gone, last = job("nobody waits"), job("hello")
        submit(worker, [gone, last])
        assert gone.response.cancel()
        model.gate.set()
        assert labels(last) == ["ham"]
        assert model.asked == [["hold"], ["hello"]]

    def test_refused_events_need_no_scoring(self, worker: ScoringWorker) -> None:
        refused = RefusedEvent(7, "the event: must be an object")
        made = ScoringJob("splunk", ScoreBatch("mail", [refused]))
        worker.submit(made)
        assert answer(made)["results"][0]["error"] == "the event: must be an object"
        empty = ScoringJob("splunk", ScoreBatch("mail", []))
        worker.submit(empty)
        assert answer(empty)["results"] == []


class TestModels:
    def test_one_model_scores_all_of_a_request(self, model: HeldModel) -> None:
        live = [served(model, "old")]
        worker = ScoringWorker("mail", lambda: live[0], events=2)
        long = job("hold", "a", "b", "c", "d", owner="a")
        worker.submit(long)
        assert model.entered.wait(PATIENCE_S)
        live[0] = served(WordModel(), "new")
        later = job("spam", owner="b")
        worker.submit(later)
        model.gate.set()
        assert answer(long)["model"]["digest"] == "old"
        assert answer(later)["model"]["digest"] == "new"
        worker.stop()

    def test_no_model_is_the_answer(self) -> None:
        def missing() -> ServedModel:
            raise ProblemError(409, "there is none")

        worker = ScoringWorker("mail", missing, events=2)
        made = job("spam")
        worker.submit(made)
        with pytest.raises(ProblemError, match="there is none"):
            made.response.result(PATIENCE_S)
        worker.stop()

    def test_one_broken_event_is_no_broken_model(self) -> None:
        class Narrow(WordModel):
            def predict_proba(self, batch: Batch) -> NDArray[np.float64]:
                found = super().predict_proba(batch)
                return found[:, :1] if any("shape" in each for each in batch.text()) else found

        worker = ScoringWorker("mail", lambda: served(Narrow()), events=1)
        made, broken = job("spam", "shape"), job("shape")
        submit(worker, [made, broken])
        first, second = answer(made)["results"]
        assert (first["label"], second["error"]) == ("spam", "it cannot be scored (PluginError)")
        with pytest.raises(PluginError, match="probabilities of shape"):
            broken.response.result(PATIENCE_S)
        worker.stop()


class TestLargeEvents:
    def test_do_not_hold_the_others_up(self, model: HeldModel) -> None:
        gate, entered = threading.Event(), threading.Event()

        def slow(incidents: Sequence[Any]) -> Sequence[Any]:
            entered.set()
            assert gate.wait(PATIENCE_S)
            return incidents

        made = served(model)
        large = BatchScorer(scorer(model, steps=slow), ("message",))
        both = ServedModel(made.ref, made.spec, made.scorer, large)
        worker = ScoringWorker("mail", lambda: both, events=4)
        huge = job("hello", "virus " * LARGE_EVENT, "spam")
        worker.submit(huge)
        assert entered.wait(PATIENCE_S)
        assert labels(job_done(worker, job("virus"))) == ["virus"]
        assert not huge.response.done()
        gate.set()
        assert labels(huge) == ["ham", "virus", "spam"]
        worker.stop()


def job_done(worker: ScoringWorker, made: ScoringJob) -> ScoringJob:
    worker.submit(made)
    made.response.result(PATIENCE_S)
    return made


class TestStop:
    def test_answers_what_waits_and_ends(self, model: HeldModel) -> None:
        worker = ScoringWorker("mail", lambda: served(model), events=1)
        first, waiting = job("hold"), job("spam")
        submit(worker, [first, waiting])
        assert model.entered.wait(PATIENCE_S)
        threading.Timer(0.02, model.gate.set).start()
        worker.stop()
        assert labels(first) == ["ham"]
        with pytest.raises(ProblemError, match="is stopping"):
            waiting.response.result(PATIENCE_S)
        with pytest.raises(ProblemError, match="is stopping"):
            worker.submit(job("late"))
