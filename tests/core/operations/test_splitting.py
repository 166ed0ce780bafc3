"""A split that leaks is found, whoever made it."""

from __future__ import annotations

from pathlib import Path

from sftsec_core.evaluation.report.json import from_json
from sftsec_core.operations.retrain import retrain
from tests.core.operations.secret_task import Observer, context


class TestLeakySplit:
    def test_of_a_plugin_fails_the_vote(self, folder: Path, observer: Observer) -> None:
        with context(folder, observer, "linear", split="leaky") as work:
            outcome = retrain(work, "secret")
            assert work.registry.live("secret") is None
        assert not outcome.promoted
        (vote,) = (v for v in outcome.decision.votes if v.voter == "no_leak")
        assert not vote.approve
        assert "24 by text" in vote.reason
        assert outcome.report.leaks.counts()["texts"] == 24
        stored = from_json((outcome.report_file.parent / "report.json").read_text("utf-8"))
        assert stored.leaks == outcome.report.leaks
