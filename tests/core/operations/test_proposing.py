"""Which model is put to the promotion gate, and what it is compared with."""

from __future__ import annotations

from pathlib import Path

import pytest

from sftsec_core.api.errors import TrainingError
from sftsec_core.operations.retrain import retrain
from tests.core.operations.secret_task import Observer, context, write_coin_labels, write_incidents


class TestChoice:
    def test_slow_model_gives_way_to_linear(self, folder: Path, observer: Observer) -> None:
        with context(folder, observer, "slow") as work:
            outcome = retrain(work, "secret")
        assert outcome.promoted
        assert outcome.model.recipe == "linear"
        assert "slow: beats_baseline" in outcome.report.data["refused_first"]
        assert "slow" in outcome.report.others

    def test_linear_never_replaces_a_better_model(self, folder: Path, observer: Observer) -> None:
        with context(folder, observer, "oracle") as work:
            best = retrain(work, "secret").model
        with context(folder, observer, "slow") as work:
            outcome = retrain(work, "secret")
            live = work.registry.live("secret")
        assert not outcome.decision.approved
        assert {vote.voter for vote in outcome.decision.refusals()} == {
            "not_worse_than_live",
            "beats_baseline",
        }
        assert live is not None
        assert live.digest == best.digest


class TestCompared:
    def test_one_that_fails_is_told(
        self, folder: Path, observer: Observer, caplog: pytest.LogCaptureFixture
    ) -> None:
        with context(folder, observer, "linear", compare=["slow", "broken"]) as work:
            outcome = retrain(work, "secret")
        assert outcome.promoted
        assert set(outcome.report.others) == {"linear", "slow"}
        assert outcome.report.data["not_compared"] == {"broken": "the loss is not a number"}
        assert "left out of the comparison: the loss is not a number" in caplog.messages

    def test_the_tasks_own_ends_the_run(self, folder: Path, observer: Observer) -> None:
        with (
            context(folder, observer, "broken", compare=["slow"]) as work,
            pytest.raises(TrainingError, match="the loss is not a number"),
        ):
            retrain(work, "secret")
        assert observer.told[-1].startswith("finished failed")


class TestGate:
    def test_live_model_skips_its_training_data(self, folder: Path, observer: Observer) -> None:
        """Data that grew is split again; what linear was trained on would reject all others."""
        with context(folder, observer, "linear") as work:
            assert retrain(work, "secret").promoted
        write_incidents(folder, 1000)
        with context(folder, observer, "linear") as work:
            outcome = retrain(work, "secret")
        seen = outcome.report.data["seen_by"]["live"]
        tested = sum(outcome.report.data["rows"]["test"].values())
        assert seen["compared"] == tested - seen["seen"] < tested
        (vote,) = (v for v in outcome.decision.votes if v.voter == "not_worse_than_live")
        assert vote.approve
        assert "in its training data" in vote.reason

    @pytest.mark.parametrize("recipe", ["linear", "slow"])
    def test_random_labels_never_go_live(
        self, folder: Path, observer: Observer, recipe: str
    ) -> None:
        write_coin_labels(folder, 800)
        with context(folder, observer, recipe) as work:
            outcome = retrain(work, "secret")
            assert work.registry.live("secret") is None
        assert not outcome.promoted
        (vote,) = (v for v in outcome.decision.votes if v.voter == "better_than_chance")
        assert not vote.approve
        assert "by chance 0.500" in vote.reason

    def test_vote_of_a_plugin_counts(self, folder: Path, observer: Observer) -> None:
        observer.refuse = True
        with context(folder, observer, "oracle") as work:
            outcome = retrain(work, "secret")
            assert work.registry.live("secret") is None
        assert not outcome.promoted
        assert observer.told[-1] == "finished refused, report: True"
