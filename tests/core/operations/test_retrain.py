"""A run that ends in a promotion, and one that comes too late for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from sftsec_core.api.domain import Decision
from sftsec_core.api.errors import StoreError
from sftsec_core.operations.retrain import retrain
from tests.core.operations.secret_task import Observer, context


class TestRetrain:
    def test_better_model_goes_live_with_notices(self, folder: Path, observer: Observer) -> None:
        with context(folder, observer, "oracle") as work:
            outcome = retrain(work, "secret")
            live = work.registry.live("secret")
        assert outcome.promoted
        assert live is not None
        assert live.recipe == "oracle"
        assert observer.told == [
            "started retrain",
            "promoted oracle after None",
            "finished succeeded, report: True",
        ]
        assert outcome.report_file.stat().st_size > 10_000

    def test_promotion_in_between_voids_an_approval(self, folder: Path, observer: Observer) -> None:
        with context(folder, observer, "oracle") as work:
            candidate = retrain(work, "secret", promote=False)
        with context(folder, observer, "linear") as work:
            other = retrain(work, "secret").model
            again = Decision(True, candidate.decision.votes)
            assert other.digest != candidate.model.digest
            with pytest.raises(StoreError):
                work.registry.promote(
                    "secret", candidate.model.digest, again, "someone", instead_of=None
                )
            live = work.registry.live("secret")
        assert live is not None
        assert live.digest == other.digest
