"""`sftsec labels stats`: how often each verdict was given, and what tasks make of it."""

from __future__ import annotations

import json

import yaml

from tests.core.cli.invoke import json_of, printed
from tests.e2e.site import Site


def labels_of(site: Site) -> dict[str, dict[str, str]]:
    return {each["value"]: each["labels"] for each in json_of(site, "labels", "stats")}


class TestStats:
    def test_counts_the_pulled_verdicts(self, site: Site) -> None:
        found = json_of(site, "labels", "stats")
        lines = (site.folder / "incidents" / "judged.jsonl").read_text("utf-8").splitlines()
        given = {json.loads(line)["label"] for line in lines}
        assert {each["value"] for each in found} == given
        verdicts = [each["verdicts"] for each in found]
        assert verdicts == sorted(verdicts, reverse=True)
        assert json_of(site, "labels", "stats", "--connector", "other") == []

    def test_names_the_label_of_each_task(self, site: Site) -> None:
        found = labels_of(site)
        assert found["true_positive"] == {"triage": "malicious"}
        assert found["false_positive"] == {"triage": "benign"}
        assert found["undetermined"] == {"triage": "undetermined"}

    def test_value_that_no_task_knows_has_none(self, site: Site) -> None:
        settings = yaml.safe_load(site.config.read_text(encoding="utf-8"))
        settings["tasks"]["triage"]["labels"]["malicious"] = ["MALICIOUS"]
        site.config.write_text(yaml.safe_dump(settings), encoding="utf-8")
        found = labels_of(site)
        assert found["malicious"] == {"triage": "malicious"}, "case does not matter"
        assert found["true_positive"] == {}
        rows = printed(site, "labels", "stats").splitlines()
        (line,) = (row for row in rows if "true_positive" in row)
        assert line.split()[-2] == "-"
