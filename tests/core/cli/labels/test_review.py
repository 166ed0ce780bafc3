"""`sftsec labels review`: judged incidents without a label, with the reason."""

from __future__ import annotations

import json

from tests.core.cli.invoke import json_of, printed
from tests.e2e.site import Site


class TestReview:
    def test_lists_incidents_with_reason_and_text(self, site: Site) -> None:
        file = site.folder / "incidents" / "judged.jsonl"
        lines = file.read_text("utf-8")
        rows = [
            {"id": "torn-1", "message": "the very same text", "label": "benign"},
            {"id": "torn-2", "message": "the very same text", "label": "malicious"},
            {"id": "odd", "message": "a text of its own", "label": "Closed"},
        ]
        file.write_text(lines + "".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
        built = json.loads(site.run("dataset", "build", "triage", "--json"))
        found = json_of(site, "labels", "review", "triage", "--limit", "5000")
        assert found["total"] == len(found["incidents"]) == built["review"]
        by_uid = {each["uid"].rpartition("#")[2]: each for each in found["incidents"]}
        assert by_uid["torn-1"]["reason"] == "same text, different labels"
        assert by_uid["torn-2"]["verdicts"] == ["malicious"]
        assert by_uid["odd"]["reason"] == "unmapped verdict 'Closed'"
        assert by_uid["odd"]["text"] == "a text of its own"
        file.write_text(lines, encoding="utf-8")

    def test_says_how_many_more_there_are(self, site: Site) -> None:
        total = json_of(site, "labels", "review", "triage")["total"]
        assert total > 1
        shown = printed(site, "labels", "review", "triage", "--limit", "1")
        assert "for review" in shown

    def test_counts_again_where_nothing_is_kept(self, site: Site) -> None:
        wanted = json_of(site, "labels", "review", "triage")
        (file,) = (site.folder / ".sftsec" / "summaries").iterdir()
        kept = file.read_bytes()
        assert json_of(site, "labels", "review", "triage") == wanted
        assert file.read_bytes() == kept
        for damaged in (b"{", b""):
            file.write_bytes(damaged)
            assert json_of(site, "labels", "review", "triage") == wanted
        assert file.read_bytes() == kept

    def test_follows_the_words_of_the_configuration(self, site: Site) -> None:
        before = json_of(site, "labels", "stats", "triage")[0]["words"]
        text = (site.folder / "sftsec.yaml").read_text("utf-8")
        (site.folder / "sftsec.yaml").write_text(
            text.replace("true_positive", "another_word"), encoding="utf-8"
        )
        after = json_of(site, "labels", "stats", "triage")[0]["words"]
        (site.folder / "sftsec.yaml").write_text(text, encoding="utf-8")
        labels = [{each["value"]: each["label"] for each in words} for words in (before, after)]
        assert [each["true_positive"] for each in labels] == ["malicious", None]
