"""Judges have not seen whom they judge."""

from __future__ import annotations

import numpy as np

from sftsec_poison.config import ScanSettings
from sftsec_poison.judges import TextFeatures, fit_judges, group_analysts, out_of_fold
from sftsec_poison.rows import JudgedRows
from tests.plugins.poison.made import TASK, honest_rows, poisoned_rows


def rows_of(count: int = 200, analysts: int = 5) -> JudgedRows:
    return JudgedRows.of(poisoned_rows(honest_rows(count, analysts), 30), TASK, 1000)


class TestJudges:
    def test_contradict_an_analyst_they_never_saw(self) -> None:
        rows = rows_of()
        read, features = TextFeatures.fit(rows.texts)
        left_out = np.zeros(len(rows), dtype=bool)
        judges = fit_judges(ScanSettings(), rows, read, features, left_out, 1)
        proba = judges.held_out(rows)
        bad = rows.analyst == rows.names.index("mallory")
        assert (proba[bad].argmax(axis=1) != rows.y[bad]).mean() > 0.9
        assert (proba[~bad].argmax(axis=1) == rows.y[~bad]).mean() > 0.9

    def test_probes_are_seen_by_none(self) -> None:
        rows = rows_of()
        read, features = TextFeatures.fit(rows.texts)
        left_out = np.arange(len(rows)) < 50
        judges = fit_judges(ScanSettings(), rows, read, features, left_out, 1)
        assert len(judges.probes) == (len(rows) - 50) // 10
        assert not left_out[judges.probes].any()

    def test_few_labels_leave_nobody_to_judge(self) -> None:
        rows = JudgedRows.of(honest_rows(8, 2), TASK, 1000)
        read, features = TextFeatures.fit(rows.texts)
        judges = fit_judges(ScanSettings(), rows, read, features, np.zeros(8, dtype=bool), 1)
        assert np.isnan(judges.held_out(rows)).all()


class TestGroupAnalysts:
    def test_groups_are_of_like_size(self) -> None:
        rows = JudgedRows.of(honest_rows(300, 30), TASK, 1000)
        groups = group_analysts(rows, 10)
        sizes = np.bincount(np.array(groups)[rows.analyst], minlength=10)
        assert sizes.sum() == 300
        assert sizes.max() - sizes.min() < 15


class TestOutOfFold:
    def test_knows_what_an_analyst_handles_alone(self) -> None:
        rows = rows_of()
        _, features = TextFeatures.fit(rows.texts)
        proba = out_of_fold(ScanSettings(), rows, features, np.zeros(len(rows), dtype=bool), 1)
        bad = rows.analyst == rows.names.index("mallory")
        assert (proba[bad].argmax(axis=1) == rows.y[bad]).mean() > 0.5
