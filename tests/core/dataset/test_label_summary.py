"""The summary of a data set's verdicts is that of its rows, and names what it depends on."""

from __future__ import annotations

from pathlib import Path

import pytest

from sftsec_core.api.domain import Incident, IncidentPage, Verdict
from sftsec_core.api.settings.task import TaskSettings
from sftsec_core.dataset.label_summary import (
    KEPT,
    LabelSummary,
    from_bytes,
    summarise,
    summary_key,
    to_bytes,
)
from sftsec_core.dataset.resolve import find_review, resolve
from sftsec_core.dataset.snapshot import Snapshot
from sftsec_core.dataset.verdict_stats import verdict_stats
from tests.core.dataset.builders import build, text

LABELS = {"bad": ["TP"], "good": ["FP"]}
TASK = TaskSettings.model_validate({"connector": "siem", "text": ["message"], "labels": LABELS})


def judged(folder: Path, *given: tuple[Verdict, ...]) -> Snapshot:
    incidents = (Incident(f"{n:05d}", {"message": text(n)}, v) for n, v in enumerate(given))
    return build([IncidentPage(tuple(incidents), "c")], folder)


def summary_of(snapshot: Snapshot) -> LabelSummary:
    review = find_review(snapshot, TASK.labels, TASK.verdicts)
    return summarise(snapshot, TASK, review, verdict_stats(snapshot, TASK.labels, TASK.verdicts))


class TestSummarise:
    def test_keeps_words_and_texts_of_reviews(self, tmp_path: Path) -> None:
        torn = (Verdict("TP", "ana"), Verdict("FP", "bob"))
        found = summary_of(judged(tmp_path, (Verdict("TP"),), torn, (Verdict("odd"),)))
        assert found.total == 2
        by_uid = {row.uid: row for row in found.waiting}
        assert by_uid["00001"].verdicts == ("TP", "FP")
        assert by_uid["00001"].reason == "tie: bad 1, good 1"
        assert by_uid["00002"].text == " ".join(text(2).split())[:200]

    def test_keeps_a_bounded_number(self, tmp_path: Path) -> None:
        found = summary_of(judged(tmp_path, *[(Verdict("odd"),)] * (KEPT + 5)))
        assert (len(found.waiting), found.total) == (KEPT, KEPT + 5)

    def test_finds_what_resolving_finds(self, tmp_path: Path) -> None:
        snapshot = judged(tmp_path, (Verdict("TP"),), (Verdict("odd"),), (Verdict("TP"),) * 2)
        resolved = resolve(snapshot, TASK.labels, TASK.verdicts)
        assert find_review(snapshot, TASK.labels, TASK.verdicts) == resolved.review


class TestJson:
    def test_is_read_as_it_was_written(self, tmp_path: Path) -> None:
        found = summary_of(judged(tmp_path, (Verdict("TP", "ana"),), (Verdict("odd", None),)))
        compared = found.compared("d3" * 32, {"ana": (3, 1)})
        assert from_bytes(to_bytes(compared)) == compared
        assert from_bytes(to_bytes(found)) == found

    def test_of_anything_else_is_refused(self) -> None:
        with pytest.raises(ValueError, match="LabelSummary"):
            from_bytes(b'{"key": 3}')


class TestKey:
    def test_changes_with_labels_and_rules(self, tmp_path: Path) -> None:
        snapshot = judged(tmp_path / "a", (Verdict("TP"),))
        same = TASK.model_copy(update={"gate": None})
        assert summary_key(snapshot, same) == summary_key(snapshot, TASK)
        other = TASK.model_copy(update={"labels": {"bad": ("TP", "odd"), "good": ("FP",)}})
        stricter = TASK.model_copy(
            update={"verdicts": TASK.verdicts.model_copy(update={"automated_weight": 0.25})}
        )
        later = judged(tmp_path / "b", (Verdict("FP"),))
        keys = [summary_key(snapshot, each) for each in (TASK, other, stricter)]
        assert len({*keys, summary_key(later, TASK)}) == 4
