"""`sftsec config schema`: what an editor knows of sftsec.yaml."""

from __future__ import annotations

import json

from click.testing import CliRunner

from sftsec_core.cli import cli
from sftsec_core.config.settings import Settings


class TestSchema:
    def test_describes_every_key_and_refuses_others(self) -> None:
        schema = json.loads(CliRunner().invoke(cli, ["config", "schema"]).stdout)
        assert set(schema["properties"]) == set(Settings.model_fields)
        assert schema["additionalProperties"] is False
        task = schema["$defs"]["TaskSettings"]
        assert {"connector", "labels"} <= set(task["required"])
        assert task["properties"]["benign"]["description"] == "The label that raises no detection."
