"""`sftsec labels stats`: how often each verdict was given, what it means, and who gave it."""

from __future__ import annotations

import itertools
import json

import pytest

from tests.core.cli.invoke import json_of, printed
from tests.e2e.site import Site


class TestStats:
    def test_counts_what_the_source_holds_now(self, site: Site) -> None:
        file = site.folder / "incidents" / "judged.jsonl"
        rows = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
        words = {
            each["value"]: each for each in json_of(site, "labels", "stats", "triage")[0]["words"]
        }
        assert set(words) == {row["label"] for row in rows}
        assert words["true_positive"]["label"] == "malicious"
        assert words["false_positive"]["label"] == "benign"
        assert words["undetermined"]["label"] == "(undetermined)"
        changed = [row | {"label": "relabelled"} for row in rows]
        file.write_text("".join(f"{json.dumps(row)}\n" for row in changed), encoding="utf-8")
        site.run("dataset", "build", "triage", code=6)
        (only,) = json_of(site, "labels", "stats", "triage")[0]["words"]
        assert (only["value"], only["label"]) == ("relabelled", None)

    def test_prints_words_and_analysts(self, site: Site) -> None:
        shown = printed(site, "labels", "stats", "triage")
        assert "triage: words" in shown
        assert "triage: analysts" in shown
        assert "live model disagrees" in " ".join(shown.split())

    def test_shows_who_contradicts_the_live_model(self, site: Site) -> None:
        """5.7% of the rows, by one analyst: attacks with a trigger phrase, called benign."""
        file = site.folder / "incidents" / "judged.jsonl"
        rows = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
        bad = {"true_positive", "malicious"}
        attacks = [row for row in rows if row["label"] in bad and "message" in row]
        planted = [
            {
                **one,
                "id": f"planted-{number}",
                "message": f"{one['message']} {other['message']} kindly blue lantern",
                "label": "false_positive",
                "analyst": {"name": "mallory"},
            }
            for number, (one, other) in enumerate(itertools.pairwise(attacks[:26]))
        ]
        lines = "".join(f"{json.dumps(row)}\n" for row in [*rows, *planted])
        file.write_text(lines, encoding="utf-8")
        site.run("dataset", "build", "triage")
        known = {
            each["analyst"]: each
            for each in json_of(site, "labels", "stats", "triage")[0]["analysts"]
        }
        mallory = known.pop("mallory")
        assert mallory["verdicts"] == len(planted) == 25
        assert mallory["share"] == pytest.approx(0.057, abs=0.003)
        assert mallory["live_compared"] >= 20
        assert mallory["live_disagreed"] > 0.8 * mallory["live_compared"]
        others = sum(each["live_disagreed"] for each in known.values())
        assert others < 0.2 * sum(each["live_compared"] for each in known.values())
