"""`sftsec labels stats`: how often each verdict was given, what it means, and who gave it."""

from __future__ import annotations

import json

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
