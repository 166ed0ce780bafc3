"""Verdicts by word and by analyst."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from random import Random

from sftsec_core.api.domain import Incident, IncidentPage, Verdict
from sftsec_core.api.settings.task import VerdictSettings
from sftsec_core.dataset.resolve import UNDETERMINED
from sftsec_core.dataset.verdict_stats import VerdictStats, verdict_stats
from tests.core.dataset.builders import build, text

LABELS = {"bad": ("TP",), "good": ("FP",)}


def stats_of(folder: Path, *given: tuple[Verdict, ...]) -> VerdictStats:
    incidents = (Incident(str(n), {"message": text(n)}, v) for n, v in enumerate(given))
    snapshot = build([IncidentPage(tuple(incidents), "c")], folder)
    return verdict_stats(snapshot, LABELS, VerdictSettings())


class TestWords:
    def test_have_counts_and_a_label(self, tmp_path: Path) -> None:
        bot = Verdict("tp", "bot", automated=True)
        found = stats_of(tmp_path, (Verdict("tp"),), (bot,), (Verdict("odd"),), (Verdict("other"),))
        said = [(each.value, each.verdicts, each.automated, each.label) for each in found.words]
        assert said == [("tp", 2, 1, "bad"), ("odd", 1, 0, None), ("other", 1, 0, UNDETERMINED)]


class TestAnalysts:
    def test_are_counted_as_one_by_one(self, tmp_path: Path) -> None:
        """The definition, a verdict at a time, on drawn ones."""
        random = Random(3)  # noqa: S311 - drawn test data
        given = [
            tuple(
                Verdict(random.choice(("TP", "FP", "odd")), random.choice(("ana", "bob", None)))
                for _ in range(random.randrange(1, 5))
            )
            for _ in range(60)
        ]
        said = {"TP": "bad", "FP": "good"}
        shared, disagreed = Counter[str | None](), Counter[str | None]()
        for each in given:
            last = {v.analyst: said[v.value] for v in each if v.value in said}
            if len(last) > 1:
                shared.update(list(last))
                disagreed.update(w for w in last if set(last.values()) != {last[w]})
        found = stats_of(tmp_path, *given).analysts
        assert {a.analyst: a.shared for a in found} == shared
        assert {a.analyst: a.disagreed for a in found} == disagreed

    def test_none_is_no_fault(self, tmp_path: Path) -> None:
        assert stats_of(tmp_path, ()) == VerdictStats((), ())

    def test_have_shares_labels_and_disagreements(self, tmp_path: Path) -> None:
        def by(who: str | None, word: str) -> Verdict:
            return Verdict(word, who)

        found = stats_of(
            tmp_path,
            (by("ana", "TP"), by("bob", "TP")),
            (by("ana", "TP"), by("bob", "FP")),
            (by("ana", "FP"), by("bob", "unknown")),
            (by(None, "TP"),),
            (by("ana", "FP"), by("ana", "TP"), by("cid", "TP")),
        )
        rows = {each.analyst: each for each in found.analysts}
        assert sum(each.verdicts for each in found.analysts) == 10
        assert (rows["ana"].share, rows["bob"].share) == (0.5, 0.3)
        assert rows["ana"].labels == {"bad": 3, "good": 2}
        assert (rows["ana"].shared, rows["ana"].disagreed) == (3, 1)
        assert (rows["bob"].shared, rows["bob"].disagreed) == (2, 1)
        assert (rows["cid"].shared, rows["cid"].disagreed) == (1, 0)
        assert rows[None].labels == {"bad": 1}
