"""Which rows are judged, and whose they are."""

from __future__ import annotations

from dataclasses import replace

from sftsec_poison.rows import SHARED, JudgedRows
from tests.plugins.poison.made import TASK, honest_rows


class TestJudgedRows:
    def test_several_analysts_are_nobody_alone(self) -> None:
        one, two, three = honest_rows(3)
        named = [
            replace(one, analysts=("a",)),
            replace(two, analysts=("a", "b")),
            replace(three, analysts=()),
        ]
        rows = JudgedRows.of(named, TASK, 1000)
        assert (rows.names, rows.analyst.tolist()) == (["a"], [0, SHARED, SHARED])

    def test_rows_without_weight_are_left(self) -> None:
        rows = honest_rows(4)
        kept = JudgedRows.of([replace(rows[0], weight=0.0), *rows[1:]], TASK, 1000)
        assert kept.places.tolist() == [1, 2, 3]

    def test_texts_are_cut(self) -> None:
        assert [len(text) for text in JudgedRows.of(honest_rows(2), TASK, 7).texts] == [7, 7]

    def test_copies_share_a_number(self) -> None:
        rows = [replace(row, cluster=number // 2) for number, row in enumerate(honest_rows(4))]
        rows[3] = replace(rows[3], cluster=-1)
        assert JudgedRows.of(rows, TASK, 9).clusters.tolist() == [0, 0, 1, -4]
