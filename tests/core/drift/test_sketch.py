"""A sketch counts events of one template once, and is the same for any pages."""

from __future__ import annotations

import json

import numpy as np

from sftsec_core.drift.sketch import LABEL, Rows, Sketch

BINS = {"host": 4, LABEL: 2}


def rows(keys: list[int]) -> Rows:
    """Events whose values are functions of their templates."""
    found = np.array(keys, dtype=np.int64)
    places = {"host": found % 4, LABEL: found % 2}
    points = np.stack([found, 2 * found], axis=1).astype(np.float32)
    judged = np.eye(2)[(found // 2) % 2] * (found > 5)[:, None]
    return Rows(found, places, points, found % 2, judged)


class TestSketch:
    def test_counts_each_template_once(self) -> None:
        found = Sketch.of(rows([5, 5, 6, 5, 2]), BINS)
        assert (found.events, found.distinct) == (5, 3)
        assert found.counts["host"].tolist() == [0, 1, 2, 0]
        assert found.point.tolist() == [13, 26]

    def test_counts_labels_of_all_events(self) -> None:
        found = Sketch.of(rows([5, 5, 6, 5, 2]), BINS)
        assert found.labels.tolist() == [2, 3]
        assert found.counts[LABEL].tolist() == [2, 1]

    def test_counts_verdicts_by_decided_label(self) -> None:
        found = Sketch.of(rows([5, 6, 6, 9, 7]), BINS)
        assert found.judged.tolist() == [[0, 1], [2, 1]]

    def test_is_the_same_for_any_pages(self) -> None:
        keys = [5, 5, 6, 7, 5, 2, 6, 9, 7]
        whole = Sketch.of(rows(keys), BINS)
        for cut in range(len(keys) + 1):
            found = Sketch.of(rows(keys[:cut]), BINS).plus(rows(keys[cut:]))
            assert set(found.keys) == set(whole.keys)
            assert {**found.to_json()} == {**whole.to_json()}

    def test_keeps_templates_only_while_open(self) -> None:
        found = Sketch.of(rows([5, 6]), BINS)
        assert Sketch.from_json(json.loads(json.dumps(found.to_json(is_open=True)))).keys == (5, 6)
        assert Sketch.from_json(json.loads(json.dumps(found.to_json()))).keys == ()
