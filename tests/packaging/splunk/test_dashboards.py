"""Each search of the dashboards, and each saved one, runs and gives the right figures."""

from __future__ import annotations

import json
import time
import xml.etree.ElementTree as ET
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sftsec_core.api.domain import Detection, detection_uid
from sftsec_splunk.mapping import event_of
from tests.packaging.splunk.bench import Bench
from tests.packaging.splunk.test_conf import metadata
from tests.servers.splunkd.events import Origin
from tests.servers.splunkd.install import read_conf
from tests.servers.splunkd.state import Splunkd

DAY = 86400
OLD, NEW = "a" * 64, "b" * 64
Rows = list[dict[str, Any]]


@pytest.fixture
def noon() -> float:
    """Of yesterday, so that hours around it are of the same day."""
    return (time.time() // DAY - 1) * DAY + DAY / 2


@pytest.fixture
def planted(bench: Bench, splunk: Splunkd, noon: float) -> Bench:
    """Five detections of two models, six verdicts of which five count, four questions."""
    for number, (model, days, share) in enumerate(
        [(OLD, 20, 0.9), (OLD, 20, 0.8), (OLD, 20, 0.6), (NEW, 0, 0.99), (NEW, 0, 0.7)]
    ):
        at = noon - days * DAY
        detection(splunk, f"i{number}", model, share, at)
    detection(splunk, "i4", NEW, 0.7, noon)  # its acknowledgement was lost: written twice
    say(splunk, "i0", "benign", "ann", noon - 19 * DAY)
    say(splunk, "i0", "malicious", "bea", noon - 18 * DAY, reason="sandbox")  # the newest counts
    say(splunk, "i1", "benign", "ann", noon - 18 * DAY)
    say(splunk, "i2", "undetermined", "ann", noon - 18 * DAY)
    mistaken = say(splunk, "i3", "benign", "ann", noon)
    say(splunk, "i3", "", "ann", noon + 60, retracts=mistaken)
    say(splunk, "i3", "malicious", "ann", noon + 120, reason="sandbox", source="search")
    for number in (3, 4, 7, 8):  # i3 is judged
        ask(splunk, f"i{number}", noon - number * 3600)
    for seq, (action, details) in enumerate(
        [("model.registered", {"recipe": "linear"}),
         ("alias.moved", {"digest": NEW, "previous": OLD, "reason": "better"})], 1
    ):  # fmt: skip
        event = {"audit_id": f"h{seq}", "action": action, "object": "mail/live", "user": "eve",
                 "sequence": seq, "details": details}  # fmt: skip
        splunk.index_event(json.dumps(event), noon, origin("sftsec:audit"))
    return bench


def origin(sourcetype: str) -> Origin:
    return Origin("sftsec", "search-head", "sftsec", sourcetype)


def detection(splunk: Splunkd, uid: str, model: str, share: float, at: float) -> None:
    moment = datetime.fromtimestamp(at, UTC)
    made = Detection(
        detection_uid(model, uid, ""), uid, "mail", model, "malicious", share, 0.5, (), moment,
        {"src": "10.0.0.1", "verdict": "a field of the event's own"},
    )  # fmt: skip
    splunk.index_event(json.dumps(event_of(made)), at, origin("sftsec:detection"))


def say(splunk: Splunkd, uid: str, verdict: str, analyst: str, at: float, **more: str) -> str:
    key = f"{uid}-{verdict or 'undo'}-{analyst}"
    document = {
        "_key": key, "incident_uid": uid, "verdict": verdict, "analyst": analyst, "time": at,
        "reason": "", "retracts": "", "source": "page", "task": "mail", **more,
    }  # fmt: skip
    splunk.collections["sftsec", "sftsec_verdicts"].insert("nobody", document)
    return key


def ask(splunk: Splunkd, uid: str, at: float) -> None:
    document = {
        "_key": f"{uid}-asked", "incident_uid": uid, "task": "mail", "label": "malicious",
        "probability": 0.512, "reason": "unsure", "requested": at,
    }  # fmt: skip
    splunk.collections["sftsec", "sftsec_queue"].insert("nobody", document)


def searches(app: Path, view: str) -> dict[str, str]:
    """A dashboard's searches by the panel's id, with its tokens filled in."""
    root = ET.parse(app / "default" / "data" / "ui" / "views" / f"{view}.xml").getroot()  # noqa: S314 - ours
    return {
        str(panel.get("id")): str(panel.findtext("search/query")).replace("$since$", "-30d")
        for panel in root.iter()
        if panel.find("search/query") is not None
    }


def shown(bench: Bench, view: str) -> dict[str, Rows]:
    """What an analyst sees on each panel."""
    return {name: run(bench, text) for name, text in searches(bench.app, view).items()}


def run(bench: Bench, text: str, user: str = "ann") -> Rows:
    """As Splunk Web asks: what begins with no command is a search."""
    whole = text if text.startswith("|") else f"search {text}"
    return bench.splunk.search(whole, user, "sftsec")


def phishing(splunk: Splunkd, user: str = "ann") -> None:
    """Two detections of one event, of which one is of a task that no rule reads."""
    fields = {"src": "10.0.0.1", "dest": "web-1", "user": user}
    at = datetime.fromtimestamp(splunk.now() - DAY, UTC)
    for task in ("phishing", "mail"):
        made = Detection(
            detection_uid(NEW, "i1", task), "i1", task, NEW, "phishing", 0.91, 0.5, (), at, fields
        )
        event, kind = json.dumps(event_of(made)), origin("sftsec:detection")
        splunk.index_event(event, at.timestamp(), kind, indexed_at=splunk.now())


def rules_of(bench: Bench) -> dict[str, dict[str, str]]:
    """The searches for Enterprise Security: "Finding" and "Risk"."""
    saved = read_conf(bench.app / "default" / "savedsearches.conf")
    return {name.split()[3]: values for name, values in saved.items() if name.endswith(" - Rule")}


def raise_alert(bench: Bench, rule: dict[str, str]) -> None:
    """Run a rule, and the action that Enterprise Security runs on its results."""
    action = "notable" if rule["action.notable"] == "1" else "risk"
    given = {
        name.partition(".param.")[2]: value.replace("\\", "\\\\").replace('"', '\\"')
        for name, value in rule.items()
        # A macro in a drill-down is for later: in the text of a search it would be expanded.
        if name.startswith(f"action.{action}.param.") and "`" not in value
    }
    told = " ".join(f'param.{name}="{value}"' for name, value in given.items())
    run(bench, f"{rule['search']} | sendalert {action} {told}", "admin")


def total(rows: Rows, *names: str) -> list[int]:
    return [sum(int(float(row.get(name) or 0)) for row in rows) for name in names]


class TestDashboards:
    def test_model_health_shows_precision_and_drift(self, planted: Bench, noon: float) -> None:
        panels = shown(planted, "model_health")
        assert panels["detections"] == [{"count": "5"}]
        assert panels["judged"] == [{"judged": "3"}]  # i2 could not be said, i4 nobody judged
        assert panels["precision"] == [{"precision": "66.7"}]  # i0 and i3 of i0, i1, i3
        weeks = panels["precision_over_time"]
        assert sorted(float(week["precision"]) for week in weeks) == [50.0, 100.0]
        assert total(panels["verdicts_over_time"], "right", "wrong", "undetermined") == [2, 1, 1]
        assert total(panels["alerts_a_day"], "detections") == [5]
        days = {float(day["median"]) for day in panels["drift"]}
        assert days == {0.8, 0.845}
        assert {float(day["threshold"]) for day in panels["drift"]} == {0.5}
        new, old = panels["models"]
        assert (new["model"], new["detections"], new["judged"]) == ("b" * 12, "2", "1")
        assert (old["model"], old["detections"]) == ("a" * 12, "3")
        assert (float(old["precision"]), float(new["precision"])) == (50, 100)
        assert new["last"] == datetime.fromtimestamp(noon, UTC).strftime("%Y-%m-%d %H:%M UTC")
        (change,) = panels["model_changes"]
        said = ("object", "model", "before", "user", "reason")
        assert [change[name] for name in said] == ["mail/live", "b" * 12, "a" * 12, "eve", "better"]

    def test_labelling_overview_shows_verdicts_and_queue(self, planted: Bench, noon: float) -> None:
        panels = shown(planted, "labelling_overview")
        assert panels["waiting"] == [{"waiting": "3"}]
        assert panels["verdicts"] == [{"verdicts": "5"}]
        assert panels["disputed"] == [{"incidents": "1"}]
        assert panels["taken_back"] == [{"taken_back": "1"}]
        ann, bea = panels["by_analyst"]
        assert ann["analyst"] == "ann"
        assert total([ann], "verdicts", "incidents", "benign", "undetermined", "other") == [
            4, 4, 2, 1, 1,
        ]  # fmt: skip
        assert (bea["analyst"], bea["other"]) == ("bea", "1")
        reasons = {
            (each["reason"], each["verdict"]): each["verdicts"] for each in panels["by_reason"]
        }
        assert reasons["sandbox", "malicious"] == "2"
        assert reasons["(none given)", "benign"] == "2"
        assert total(panels["by_day"], "verdicts") == [5]
        sources = {
            (each["source"], each["verdict"]): each["verdicts"] for each in panels["by_source"]
        }
        assert sources["search", "malicious"] == "1"
        (task,) = panels["waiting_by_task"]
        oldest = datetime.fromtimestamp(noon - 8 * 3600, UTC).strftime("%Y-%m-%d %H:%M UTC")
        assert (task["task"], task["waiting"], task["oldest"]) == ("mail", "3", oldest)
        longest = panels["waiting_longest"]
        assert [each["incident_uid"] for each in longest] == ["i8", "i7", "i4"]
        assert longest[0]["probability"] == "0.51"

    @pytest.mark.parametrize("view", ["model_health", "labelling_overview"])
    def test_an_empty_one_has_no_error(self, bench: Bench, view: str) -> None:
        panels = shown(bench, view)
        assert len(panels) >= 9
        assert all(not rows or len(rows) == 1 for rows in panels.values())


class TestSearches:
    def test_saved_ones_are_off_and_run(self, planted: Bench) -> None:
        saved = read_conf(planted.app / "default" / "savedsearches.conf")
        del saved["default"]
        assert {each["disabled"] for each in saved.values()} == {"1"}
        planted.splunk.commands["sftsecscore"] = lambda found, _: found

        def rows(name: str) -> Rows:
            return run(planted, saved[f"sftsec - {name}"]["search"], "root")

        rules = {name for name in saved if name.endswith(" - Rule")}
        assert len(rules) == 2

        assert [each["waiting"] for each in rows("Incidents that wait for a verdict")] == ["3"]
        by_model = {each["sftsec_model"]: each for each in rows("Precision by model in 30 days")}
        assert {model: float(each["precision"]) for model, each in by_model.items()} == {
            OLD: 50,
            NEW: 100,
        }
        assert rows("Score new events") == []

    @pytest.mark.parametrize(("minutes", "seen"), [(2, False), (20, True), (34, True), (40, False)])
    def test_findings_are_of_new_detections(
        self, bench: Bench, splunk: Splunkd, minutes: int, seen: bool
    ) -> None:
        phishing(splunk)
        splunk.clock_skew_s += 60 * minutes
        for rule in rules_of(bench).values():
            raise_alert(bench, rule)
        assert bool(splunk.notables) == bool(splunk.events("risk")) == seen

    def test_a_finding_is_named_as_its_event(self, bench: Bench, splunk: Splunkd) -> None:
        phishing(splunk)
        splunk.clock_skew_s += 600
        raise_alert(bench, rules_of(bench)["Finding"])
        (notable,) = splunk.notables
        assert notable["rule_title"] == "sftsec: phishing (phishing)"
        assert "$" not in str(notable["rule_description"])
        assert (notable["incident_uid"], notable["user"]) == ("i1", "ann")
        assert (notable["security_domain"], notable["dest"]) == ("threat", "web-1")
        given = rules_of(bench)["Finding"]["action.notable.param.drilldown_searches"]
        (drilldown,) = json.loads(given)
        search = drilldown["search"].replace("$detection_id$", str(notable["detection_id"]))
        (found,) = run(bench, f"{search} | table incident_uid, sftsec_task", "root")
        assert (found["incident_uid"], found["sftsec_task"]) == ("i1", "phishing")

    def test_risk_goes_to_users_and_systems(self, bench: Bench, splunk: Splunkd) -> None:
        phishing(splunk)
        splunk.clock_skew_s += 600
        raise_alert(bench, rules_of(bench)["Risk"])
        rows = splunk.search("search index=risk | table risk_object risk_object_type risk_message")
        assert {(each["risk_object"], each["risk_object_type"]) for each in rows} == {
            ("ann", "user"), ("web-1", "system"), ("10.0.0.1", "system"),
        }  # fmt: skip
        assert {each["risk_message"] for each in rows} == {
            "sftsec: phishing: phishing, probability 0.910"
        }

    def test_risk_is_of_no_redacted_user(self, bench: Bench, splunk: Splunkd) -> None:
        phishing(splunk, user="<USER:0a1b2c3d>")
        splunk.clock_skew_s += 600
        raise_alert(bench, rules_of(bench)["Risk"])
        rows = splunk.search("search index=risk | table risk_object")
        assert {each["risk_object"] for each in rows} == {"web-1", "10.0.0.1"}

    def test_rules_have_what_security_reads(self, bench: Bench) -> None:
        listed = metadata(bench.app)
        for name, rule in rules_of(bench).items():
            assert rule["action.correlationsearch.enabled"] == "1"
            assert json.loads(rule["action.correlationsearch.annotations"])["mitre_attack"]
            assert (rule["action.notable"] == "1") == (name == "Finding")
            assert (rule["action.risk"] == "1") == (name == "Risk")
            assert listed[f"savedsearches/Threat%20-%20sftsec%20{name}%20-%20Rule"]["export"]

    def test_a_retraction_leaves_no_verdict(
        self, bench: Bench, splunk: Splunkd, noon: float
    ) -> None:
        say(splunk, "i9", "", "ann", noon, retracts=say(splunk, "i9", "benign", "ann", noon))
        ask(splunk, "i9", noon)
        assert splunk.search("| `sftsec_counted_verdicts`", "ann", "sftsec") == []
        waiting = splunk.search("| `sftsec_waiting` | table incident_uid", "ann", "sftsec")
        assert waiting == [{"incident_uid": "i9"}]

    def test_the_uid_macro_equals_the_commands(self, bench: Bench, splunk: Splunkd) -> None:
        splunk.index_event('{"a": 1}', None, Origin("sftsec", "h", "s", "t"))
        base = "search index=sftsec | `sftsec_uid` | table incident_uid, _bkt, _cd"
        (row,) = splunk.search(base, "ann", "sftsec")
        assert row["incident_uid"] == f"{row['_bkt']}@@{row['_cd']}"
