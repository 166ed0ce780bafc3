"""On whom labels rest, and how much one analyst may weigh."""

from __future__ import annotations

from pathlib import Path

import pytest

from sftsec_core.api.domain import Incident, IncidentPage, Verdict
from sftsec_core.api.settings.task import VerdictSettings
from sftsec_core.dataset.analysts import (
    NOT_NAMED,
    OTHERS,
    analyst_book,
    cap_shares,
    supporters,
)
from sftsec_core.dataset.resolve import resolve
from sftsec_core.dataset.verdict_stats import AnalystCount
from tests.core.dataset.builders import build, text

LABELS = {"bad": ("TP",), "good": ("FP",)}
RULES = VerdictSettings()


def rows(**held: int) -> tuple[dict[str, tuple[str, float]], dict[str, tuple[str, ...]]]:
    """Rows of one class: a name such as `ana_bob` stands for two analysts who agree."""
    support = {
        f"{names}{number}": tuple(names.split("_"))
        for names, count in held.items()
        for number in range(count)
    }
    return dict.fromkeys(support, ("good", 1.0)), support


class TestSupporters:
    def test_are_those_who_said_so_last(self, tmp_path: Path) -> None:
        def by(who: str | None, word: str) -> Verdict:
            return Verdict(word, who)

        given = [
            (by("ana", "TP"), by("bob", "TP"), by("cid", "FP")),
            (by("ana", "FP"), by("ana", "TP")),
            (by(None, "FP"),),
            (by("bob", "unknown"), by("ana", "FP")),
            (by("ana", "odd"),),
        ]
        incidents = (Incident(str(n), {"message": text(n)}, v) for n, v in enumerate(given))
        snapshot = build([IncidentPage(tuple(incidents), "c")], tmp_path)
        resolved = resolve(snapshot, LABELS, RULES).labels
        assert supporters(snapshot, resolved, LABELS, RULES) == {
            "0": ("ana", "bob"),
            "1": ("ana",),
            "2": (NOT_NAMED,),
            "3": ("ana",),
        }


class TestCap:
    def test_brings_one_analyst_to_the_share(self) -> None:
        labels, support = rows(ana=60, bob=20, cid=10, bob_cid=10)
        found = cap_shares(labels, support, 0.4)
        weights: dict[str, float] = dict.fromkeys(("ana", "bob", "cid", "bob_cid"), 0.0)
        for uid, (_, weight) in found.labels.items():
            weights["_".join(support[uid])] += weight
        assert weights["ana"] / sum(weights.values()) == pytest.approx(0.4)
        assert (weights["bob"], weights["cid"], weights["bob_cid"]) == (20, 10, 10)
        assert found.rows == 60
        assert found.to_json(0.4)["factors"] == {"good": {"ana": 0.444444}}

    def test_holds_for_several_at_once(self) -> None:
        labels, support = rows(ana=500, bob=400, cid=30, dan=30, eve=40)
        found = cap_shares(labels, support, 0.25)
        total = sum(weight for _, weight in found.labels.values())
        for name in ("ana", "bob", "cid", "dan", "eve"):
            own = sum(found.labels[uid][1] for uid in labels if support[uid] == (name,))
            assert own <= 0.25 * total + 1e-9
        assert set(found.factors["good"]) == {"ana", "bob"}

    @pytest.mark.parametrize(
        ("held", "least"), [({"ana": 50}, 50), ({"ana": 50, "bob": 5}, 5), ({"a": 9, "b": 9}, 9)]
    )
    def test_leaves_the_smallest_as_it_is(self, held: dict[str, int], least: int) -> None:
        """A share that cannot be met is no reason to learn nothing."""
        labels, support = rows(**held)
        found = cap_shares(labels, support, 0.1)
        for name in held:
            own = sum(found.labels[uid][1] for uid in labels if support[uid] == (name,))
            assert own == pytest.approx(least)

    def test_is_of_each_class(self) -> None:
        labels, support = rows(ana=50, bob=50)
        bad = {f"bad {uid}": ("bad", 0.5) for uid in labels}
        both = {**labels, **bad}
        who = {**support, **dict.fromkeys(bad, ("ana", "bob"))}
        found = cap_shares(both, who, 0.5)
        assert (found.labels, found.rows, found.factors) == (both, 0, {})


class TestBook:
    def test_counts_rows_and_shares(self) -> None:
        _, support = rows(ana=6, ana_bob=2, bob=2)
        counts = [
            AnalystCount("ana", 9, 0.7, {"good": 9}, 2, 1),
            AnalystCount("bob", 4, 0.3, {"good": 4}, 2, 1),
        ]
        book = analyst_book(counts, support)
        assert book["ana"] == {
            "verdicts": 9, "rows": 8, "rows_alone": 6, "shared": 2, "disagreed": 1,
            "share": 0.8, "labels": {"good": 9},
        }  # fmt: skip
        assert book["bob"]["share"] == 0.4

    def test_counts_many_as_one(self) -> None:
        counts = [AnalystCount(f"a{n}", 1, 0.04, {"good": 1}, 0, 0) for n in range(24)]
        counts.append(AnalystCount(None, 1, 0.04, {"bad": 1}, 0, 0))
        book = analyst_book(counts, {})
        assert len(book) == 21
        assert book[OTHERS]["labels"] == {"good": 4, "bad": 1}
        assert sum(each["verdicts"] for each in book.values()) == 25
