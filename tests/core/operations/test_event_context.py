"""A task whose model reads figures of earlier events: trained, scored with, asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from sftsec_core.api.domain import EvalReport
from sftsec_core.api.errors import ConfigError
from sftsec_core.operations.predict import predict
from sftsec_core.operations.retrain import retrain
from sftsec_core.operations.score import score
from tests.core.operations.context_site import EVENT_CONTEXT, alerts, context_site, write_alerts

HOURS = 60
Site = tuple[Path, EvalReport]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A site with a live model; every tenth alert is not labelled."""
    folder = tmp_path_factory.mktemp("context")
    rows = [*alerts(HOURS)]
    for row in rows[::10]:
        row["label"] = None
    write_alerts(folder, rows)
    with context_site(folder) as work:
        return folder, retrain(work, "alerts").report


class TestSnapshotContext:
    def test_tells_bursts_from_single_alerts(self, site: Site) -> None:
        data, precision = site[1].data, site[1].candidate.metrics["average_precision"].value
        rows = data["counts"]["read"]
        # Nothing is a copy, and what no one judged counts.
        assert data["counts"]["kept"] == data["context"]["events"] == rows
        assert data["row_counts"]["unlabelled"] == len(range(0, rows, 10))
        assert precision is not None
        assert precision > 0.85


class TestScoringFigures:
    def test_score_alerts_on_later_bursts(self, site: Site) -> None:
        later = [row for row in alerts(70) if int(row["id"][1:].split("-")[0]) >= HOURS]
        write_alerts(site[0], ({**row, "label": None} for row in later), "later")
        with context_site(site[0]) as work:
            found = score(work, "alerts").scored
            head = work.store.context_states.head("alerts")
            again = score(work, "alerts").scored
            assert work.store.context_states.head("alerts") == head
        attacks = [row for row in later if row["label"] == "malicious"]
        assert found.scored > len(later)
        assert found.alerts >= len(attacks) // 2
        assert (again.scored, head is not None) == (0, True)

    def test_other_settings_than_the_models_are_refused(self, site: Site) -> None:
        with context_site(site[0], {**EVENT_CONTEXT, "windows": ["2h"]}) as work:
            with pytest.raises(ConfigError, match=r"context is not what the live model .* retrain"):
                score(work, "alerts")
            with pytest.raises(ConfigError, match="context is not"):
                predict(work, "alerts", [{"rule.name": "rule 1"}])
        with context_site(site[0], None) as work, pytest.raises(ConfigError, match="is not what"):
            score(work, "alerts")

    def test_predict_reads_what_came_before(self, site: Site) -> None:
        with context_site(site[0]) as work:
            _, (found,) = predict(work, "alerts", [{"rule.name": "rule 1", "host.name": "host 1"}])
        assert found.decision == "dismiss"
