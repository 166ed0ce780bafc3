"""The template's task reads a text of every alert, whatever the type of its rule."""

from __future__ import annotations

from pathlib import Path

from sftsec_core.api.domain import PullWindow, TaskSpec
from sftsec_core.api.settings.task import TaskSettings
from sftsec_core.dataset.features import read_inputs
from sftsec_core.operations.init_config import init_config
from sftsec_core.operations.preflight import read
from sftsec_elastic.preset import ALERTS
from tests.connectors.elastic.alerts import AlertSite, closed
from tests.connectors.elastic.rule_types import RULE_TYPES
from tests.connectors.search.sites import incidents, pages


def texts(site: AlertSite) -> dict[str, str]:
    """What the preset's task reads of each judged alert, by its `_id`."""
    task = TaskSettings.model_validate({"connector": "incidents", **ALERTS.body})
    window = PullWindow(labelled=True, fields=task.fields, required=task.read_fields)
    found = incidents(pages(site.connect(), window))
    spec = TaskSpec("t", task.inputs, ("benign", "malicious"), "benign")
    return {
        each.uid.partition("/")[2]: str(read_inputs(each, spec).get("text", "")) for each in found
    }


class TestText:
    def test_is_there_for_every_rule_type(self, site: AlertSite) -> None:
        for name, make in RULE_TYPES.items():
            judged = make(name, f"text of {name}", "2026-01-05T08:00:00Z")
            judged[name] |= closed("true_positive")
            site.plant(**judged)
        found = texts(site)
        assert found.keys() == RULE_TYPES.keys()
        assert {name for name, text in found.items() if f"text of {name}" not in text} == set()
        assert found["eql"] == "start text of eql\nthen text of eql"
        assert found["threshold"] == "text of threshold"
        assert "created high alert" in found["summary_only"]
        assert not any("created medium alert" in text for text in found.values())


class TestTemplate:
    def test_is_that_of_the_connector(self, tmp_path: Path) -> None:
        file = tmp_path / "sftsec.yaml"
        assert init_config(file, connector="elastic") == ALERTS.name
        settings, _ = read(file)
        task = settings.tasks[ALERTS.name]
        assert list(task.text) == ALERTS.body["text"]
        assert task.text_fallback == ("kibana.alert.reason",)
        written = file.read_text(encoding="utf-8")
        assert all(f"# {comment}\n" in written for comment in ALERTS.text_comments.values())
        assert written.count(" keep:") == 1
        assert "# query: {" in written

    def test_of_another_name_keeps_host_and_user(self, tmp_path: Path) -> None:
        file = tmp_path / "sftsec.yaml"
        assert init_config(file, template="url", connector="elastic") == "url"
        settings, _ = read(file)
        assert settings.tasks["url"].keep == ("host.name", "user.name", "event.category")
        assert "# keep:" not in file.read_text(encoding="utf-8")
