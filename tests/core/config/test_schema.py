"""The JSON Schema of sftsec.yaml, judged by jsonschema."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
import yaml

from sftsec_core.api.contracts import ConnectorSpec, TaskPreset
from sftsec_core.config.schema import config_schema
from sftsec_core.config.settings import Settings
from sftsec_core.config.template import render_config
from sftsec_core.plugins import Plugins

NAMES = ("core", "elastic", "files", "opensearch", "pii", "splunk")
PLUGINS = Plugins(NAMES)
SCHEMA = config_schema(PLUGINS)
CONNECTORS = PLUGINS.specs(ConnectorSpec)
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def written(connector: str, preset: str = "url") -> dict[str, Any]:
    """What `sftsec init` writes."""
    text = render_config(PLUGINS.specs(TaskPreset)[preset], CONNECTORS[connector])
    found: dict[str, Any] = yaml.safe_load(text)
    return found


def is_right(settings: dict[str, Any]) -> bool:
    return bool(VALIDATOR.is_valid(settings))


class TestSchema:
    def test_is_one_of_the_draft(self) -> None:
        jsonschema.Draft202012Validator.check_schema(SCHEMA)

    @pytest.mark.parametrize("connector", sorted(CONNECTORS))
    def test_takes_what_init_writes(self, connector: str) -> None:
        settings = written(connector)
        Settings.model_validate(settings)
        assert [error.message for error in VALIDATOR.iter_errors(settings)] == []

    @pytest.mark.parametrize("connector", sorted(CONNECTORS))
    def test_refuses_a_misspelt_connector_key(self, connector: str) -> None:
        settings = written(connector)
        settings["connectors"]["incidents"]["labell"] = "x"
        assert not is_right(settings)

    @pytest.mark.parametrize(
        ("train", "right"),
        [
            ({"recipe": "linear"}, True),
            ({"recipe": {"name": "lora", "rank": 8}}, True),
            ({"recipe": {"name": "lora", "rnak": 8}}, False),
            ({"recipe": "linaer"}, False),
            ({"compare": [{"name": "full", "epochs": 1}, "probe"]}, True),
            ({"compare": [{"name": "full", "epoch": 1}]}, False),
        ],
    )
    def test_knows_the_recipes_own_keys(self, train: dict[str, Any], *, right: bool) -> None:
        settings = written("files")
        settings["tasks"]["url"]["train"] = train
        assert is_right(settings) == right

    @pytest.mark.parametrize(
        ("task", "right"),
        [
            ({"steps": {"redact": {"ip": True}}}, True),
            ({"steps": {"redact": {"ipp": True}}}, False),
            ({"steps": {"redcat": {}}}, False),
            ({"decider": {"name": "threshold", "method": "fpr", "target": 0.01}}, True),
            ({"decider": {"name": "threshold", "metod": "fpr"}}, False),
            ({"render": None}, True),
            ({"evaluation": {"audits": ["paired", {"cost": {}}]}}, True),
            ({"evaluation": {"audits": {"cost": {}}}}, True),
            ({"evaluation": {"audits": ["pared"]}}, False),
            ({"evaluation": {"cost": {"minutes_per_alert": 5}}}, True),
        ],
    )
    def test_knows_the_keys_of_plugins(self, task: dict[str, Any], *, right: bool) -> None:
        settings = written("files")
        settings["tasks"]["url"] |= task
        assert is_right(settings) == right

    @pytest.mark.parametrize("value", ["id", ["host.name", "event.sequence"]])
    def test_takes_one_name_or_several(self, value: object) -> None:
        settings = written("files")
        settings["connectors"]["incidents"] |= {"id": value, "time_format": value}
        assert is_right(settings)

    def test_lacks_what_is_not_enabled(self) -> None:
        few = jsonschema.Draft202012Validator(config_schema(Plugins(("core", "files"))))
        assert not few.is_valid(written("elastic"))
