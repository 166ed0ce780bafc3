"""What a run would make of the labels: their number, and their order in time."""

from __future__ import annotations

import pytest

from sftsec_core.api.settings.split import SplitSettings
from sftsec_core.api.settings.task import GateSettings
from sftsec_core.config.suggest.labels import LabelWords, read_words
from sftsec_core.config.suggest.outlook import (
    Timeline,
    few_labels,
    note_order,
    one_sided_part,
    too_few,
)
from sftsec_core.config.suggest.suggestion import Suggestion

SPLIT = SplitSettings()


def words(**counts: int) -> LabelWords:
    return read_words(counts, "verdict")


class TestTimeline:
    def test_orders_labels_by_time(self) -> None:
        timeline = Timeline("at", None)
        for day, word in ((3, "Malicious"), (1, "benign"), (2, ["BENIGN"]), (4, "unsure")):
            timeline.add({"at": f"2026-01-0{day}"}, word)
        timeline.add({"at": "no time"}, "benign")
        timeline.add({"at": "2026-01-05"}, None)
        assert timeline.labels(words(malicious=1, benign=2)) == ["benign", "benign", "malicious"]

    @pytest.mark.parametrize("later", [None, "2026-01-01"])
    def test_is_empty_without_times(self, later: str | None) -> None:
        timeline = Timeline("at", None)
        timeline.add({"at": "2026-01-01"}, "benign")
        timeline.add({"at": later}, "malicious")
        assert timeline.labels(words(malicious=1, benign=1)) == []


class TestOrder:
    @pytest.mark.parametrize(
        ("labels", "part"),
        [
            (["b"] * 80 + ["m"] * 20, "train"),
            (["b", "m"] * 40 + ["m"] * 20, "test"),
            (["b", "m"] * 35 + ["b"] * 10 + ["b", "m"] * 10, None),
            (["b", "m"] * 50, None),
            (["b"] * 100, None),
        ],
    )
    def test_leaves_a_part_with_one_label(self, labels: list[str], part: str | None) -> None:
        said = one_sided_part(labels, SPLIT)
        assert (said and said.split()[0]) == part

    def test_of_few_records_says_nothing(self) -> None:
        made = Suggestion()
        note_order(made, ["b"] * 15 + ["m"] * 4, SPLIT)
        assert made.split is None
        note_order(made, ["b"] * 98 + ["m"] * 2, SPLIT)
        assert made.split is None
        note_order(made, ["b"] * 16 + ["m"] * 4, SPLIT)
        assert made.split == "stratified"
        assert made.picks[0].why == (
            "labels follow the time: by time train would have the label 'b' only"
        )


class TestNumber:
    def test_names_the_labels_that_are_few(self) -> None:
        found = words(benign=200, malicious=9)
        assert too_few(found) == ["malicious"]
        assert few_labels(found, SPLIT, GateSettings()) == ("malicious 9", 143)
        assert few_labels(words(benign=200, malicious=150), SPLIT, GateSettings())[0] == ""
