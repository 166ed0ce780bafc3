"""How many verdicts become one label, and which incidents a person must look at again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sftsec_core.api.domain import Incident, IncidentPage, Verdict
from sftsec_core.api.settings.task import VerdictSettings
from sftsec_core.dataset.resolve import Resolution, resolve
from tests.core.dataset.builders import build, text

LABELS = {"spam": ("Spam", "true_positive"), "ham": ("ham", "false_positive")}


DAY = datetime(2026, 1, 1, tzinfo=UTC)


def given(value: str, who: str | None = None, day: int | None = None, **options: bool) -> Verdict:
    at = None if day is None else DAY + timedelta(days=day)
    return Verdict(value, who, at, automated=options.get("automated", False))


def resolved(folder: Path, *incidents: Incident, weight: float = 0.5) -> Resolution:
    snapshot = build([IncidentPage(incidents, "c")], folder)
    return resolve(snapshot, LABELS, VerdictSettings(automated_weight=weight))


def label_of(folder: Path, *verdicts: Verdict) -> str:
    """The label of one incident, or the reason why it has none."""
    found = resolved(folder, Incident("1", {"message": text(1)}, verdicts))
    if "1" in found.labels:
        assert not found.review
        return found.labels["1"][0]
    return found.review[0].reason


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ([given("spam")], "spam"),
        ([given(" TRUE_POSITIVE ")], "spam"),
        ([given("ham", "ana", 1), given("spam", "ana", 2)], "spam"),
        ([given("spam", "ana", 2), given("ham", "ana", 1)], "spam"),
        ([given("ham", "ana"), given("spam", "ana")], "spam"),
        ([given("spam", "a"), given("spam", "b"), given("ham", "c")], "spam"),
        ([given("spam", "a"), given("ham", "b")], "tie: ham 1, spam 1"),
        ([given("spam"), given("ham")], "tie: ham 1, spam 1"),
        ([given("spam"), given("spam"), given("ham", "b")], "tie: ham 1, spam 1"),
        ([given("ham", None, 1), given("spam", None, 2)], "spam"),
        ([given("undetermined")], "undetermined"),
        ([given("undetermined", "a"), given("spam", "b")], "spam"),
        ([given("spam", "a", 1), given("Undetermined", "a", 2)], "undetermined"),
        ([given("5")], "unmapped verdict '5'"),
        ([given("spam", "a"), given("what", "b")], "unmapped verdict 'what'"),
        ([given("what", "a", 1), given("spam", "a", 2)], "spam"),
        ([given("ham", "bot", automated=True), given("spam", "ana")], "spam"),
    ],
)
def test_verdicts_become_one_label_or_review(
    verdicts: list[Verdict], expected: str, tmp_path: Path
) -> None:
    assert label_of(tmp_path, *verdicts) == expected


def test_two_labels_on_one_id_are_reviewed(tmp_path: Path) -> None:
    records = [Incident("1", {"message": "hello"}, (given(v),)) for v in ("spam", "ham")]
    found = resolved(tmp_path, *records)
    assert not found.labels
    assert found.review[0].uid == "1"
    assert found.counts["review: tie"] == 1


def test_copies_with_different_labels_are_reviewed(tmp_path: Path) -> None:
    copies = [
        Incident(str(n), {"message": "hello"}, (given(v),)) for n, v in enumerate(("spam", "ham"))
    ]
    found = resolved(tmp_path, *copies)
    assert not found.labels
    assert [(item.uid, item.reason) for item in found.review] == [
        ("0", "same text, different labels"),
        ("1", "same text, different labels"),
    ]


def test_verdict_on_a_duplicate_labels_the_row(tmp_path: Path) -> None:
    copies = [
        Incident("0", {"message": "hello"}),
        Incident("1", {"message": "hello"}, (given("spam"),)),
    ]
    assert dict(resolved(tmp_path, *copies).labels) == {"0": ("spam", 1.0)}


def test_automated_label_weighs_less_or_nothing(tmp_path: Path) -> None:
    one = Incident("1", {"message": "hello"}, (given("spam", automated=True),))
    assert dict(resolved(tmp_path / "a", one).labels) == {"1": ("spam", 0.5)}
    none = resolved(tmp_path / "b", one, weight=0)
    assert not none.labels
    assert none.counts["automated_left_out"] == 1


def test_everything_is_counted(tmp_path: Path) -> None:
    given_ones = [
        Incident(str(n), {"message": text(n)}, tuple(verdicts))
        for n, verdicts in enumerate(
            [[given("spam")], [given("ham")], [given("odd")], [], [given("other")]]
        )
    ]
    assert dict(resolved(tmp_path, *given_ones).counts) == {
        "verdicts": 4,
        "labelled": 2,
        "unlabelled": 3,
        "automated_left_out": 0,
        "review: undetermined": 1,
        "review: unmapped verdict": 1,
    }
