"""Delivering again what a destination has lost."""

from __future__ import annotations

from pathlib import Path

from sftsec_core.operations.redeliver import redeliver
from sftsec_core.operations.retrain import retrain
from sftsec_core.operations.score import score
from tests.core.operations.test_score import Site, make_site


class TestRedeliver:
    def test_fills_a_destination_that_lost_some(self, tmp_path: Path) -> None:
        site: Site = make_site(tmp_path)
        with site.open() as context:
            pushed = score(context, "mail").delivered.written
            before = dict(site.source.detections)
            lost = list(before)[: pushed // 2]
            for uid in lost:
                del site.source.detections[uid]
            again = redeliver(context, "mail")
            assert again.reopened == pushed > 1
            assert again.delivered.written == len(lost)
            assert again.delivered.duplicates == pushed - len(lost)
            assert again.delivered.pending == 0
            assert site.source.detections == before
            (entry,) = context.store.audit.tail(action="detections.reopened")
            assert entry.details["count"] == pushed
            assert retrain(context, "mail").unchanged
