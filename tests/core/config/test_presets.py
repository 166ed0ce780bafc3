"""The ready-made tasks are ones that the configuration accepts."""

from __future__ import annotations

from pathlib import Path

import pytest

from sftsec_core.api.contracts import ConnectorSpec, TaskPreset
from sftsec_core.config.presets import TASKS
from sftsec_core.config.template import render_config
from sftsec_core.operations.preflight import check_against_plugins, read
from sftsec_core.plugins import Plugins


def test_the_five_tasks_are_there_by_name() -> None:
    names = [template.name for template in TASKS]
    assert names == ["phishing-mail", "url", "command-line", "wazuh-alert", "attack-technique"]


@pytest.mark.parametrize("kind", ["files", "elastic", "opensearch", "splunk"])
@pytest.mark.parametrize("template", TASKS, ids=lambda template: template.name)
def test_a_template_makes_a_configuration_that_loads(
    template: TaskPreset, kind: str, tmp_path: Path
) -> None:
    connector = Plugins(("core", kind)).specs(ConnectorSpec)[kind]
    file = tmp_path / "sftsec.yaml"
    file.write_text(render_config(template, connector), encoding="utf-8")
    settings, plugins = read(file)
    check_against_plugins(settings, plugins, file)
    task = settings.tasks[template.name]
    assert set(task.labels) == set(template.body["labels"])
    own = connector.field_names  # of the platform, for ECS's
    assert task.text == tuple(n for each in template.body["text"] for n in own.get(each, (each,)))
    assert task.benign == template.body.get("benign")


@pytest.mark.parametrize("word", ["true_positive", "disposition:1"])
@pytest.mark.parametrize("name", ["phishing-mail", "url", "command-line", "wazuh-alert"])
def test_elastic_and_splunk_values_mean_attack(name: str, word: str) -> None:
    (template,) = (each for each in TASKS if each.name == name)
    (label,) = (label for label, words in template.body["labels"].items() if word in words)
    assert label != template.body["benign"]


def test_an_expected_positive_is_benign() -> None:
    for template in TASKS[:4]:
        assert {"benign_positive", "disposition:2"} <= set(template.body["labels"]["benign"])


def test_kept_host_is_the_group_suggested() -> None:
    connector = Plugins(("core", "opensearch")).specs(ConnectorSpec)["opensearch"]
    of_wazuh, of_url = (
        render_config(next(each for each in TASKS if each.name == name), connector)
        for name in ("wazuh-alert", "url")
    )
    assert "# group: agent.name " in of_wazuh
    assert "host.name" not in of_wazuh
    assert "# keep: [host.name] " in of_url
