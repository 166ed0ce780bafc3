"""Training again where no verdict is new: nothing is made."""

from __future__ import annotations

from pathlib import Path

from sftsec_core.operations.retrain import retrain
from tests.core.operations.secret_task import Observer, context, write_incidents


class TestSameAsLive:
    def test_makes_nothing_from_the_same_verdicts(self, folder: Path, observer: Observer) -> None:
        with context(folder, observer, "linear") as work:
            first = retrain(work, "secret")
            again = retrain(work, "secret")
            assert (first.unchanged, again.unchanged, again.promoted) == (False, True, False)
            assert again.model.digest == first.model.digest
            assert again.report == first.report
            assert again.decision == first.decision
            assert len(work.registry.runs(first.model)) == 1
            assert not (again.run.folder / "fitted").exists()
            assert not retrain(work, "secret", force=True).unchanged

    def test_trains_on_new_verdicts(self, folder: Path, observer: Observer) -> None:
        with context(folder, observer, "linear") as work:
            retrain(work, "secret")
        write_incidents(folder, 700)
        with context(folder, observer, "linear") as work:
            assert not retrain(work, "secret").unchanged

    def test_trains_when_a_setting_changed(self, folder: Path, observer: Observer) -> None:
        with context(folder, observer, "linear") as work:
            retrain(work, "secret")
        with context(folder, observer, "slow") as work:
            assert not retrain(work, "secret").unchanged

    def test_trains_beside_an_altered_live_model(self, folder: Path, observer: Observer) -> None:
        with context(folder, observer, "linear") as work:
            first = retrain(work, "secret").model
            (first.folder / "serving.json").write_text("{}", encoding="utf-8")
            again = retrain(work, "secret")
            assert not again.unchanged
            assert not again.decision.approved
