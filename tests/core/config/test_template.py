"""The configuration that `sftsec init` writes."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from sftsec_core.api.contracts import ConnectorSpec
from sftsec_core.config.load import load_settings
from sftsec_core.config.presets import TASKS
from sftsec_core.config.template import render_config
from sftsec_core.plugins import Plugins


class TestRenderConfig:
    def test_commented_section_is_valid(self, tmp_path: Path) -> None:
        connector = Plugins(("files",)).specs(ConnectorSpec)["files"]
        text = render_config(TASKS[0], connector)
        commented = text[text.index("# serve:") :].splitlines()
        serve = yaml.safe_load("\n".join(line.removeprefix("# ") for line in commented))
        file = tmp_path / "sftsec.yaml"
        file.write_text(yaml.safe_dump(serve), encoding="utf-8")
        assert set(load_settings(file).serve.tokens) == {"splunk"}

    def test_has_the_connectors_names(self) -> None:
        """What a preset reads under ECS's names is under the CIM's in Splunk."""
        connector = Plugins(("splunk",)).specs(ConnectorSpec)["splunk"]
        found = {
            each.name: yaml.safe_load(render_config(each, connector))["tasks"][each.name]
            for each in TASKS
        }
        assert found["phishing-mail"]["text"] == [
            "subject", "body", "rule_title", "rule_description",
        ]  # fmt: skip
        assert (found["url"]["text"], found["command-line"]["text"]) == (["url"], ["process"])
        for task in (found[each] for each in ("phishing-mail", "url", "command-line")):
            assert {"src", "dest", "user", "risk_object"} <= set(task["keep"])
            assert not set(task["keep"]) & set(task["text"])

    def test_of_files_keeps_the_presets_names(self) -> None:
        connector = Plugins(("files",)).specs(ConnectorSpec)["files"]
        text = render_config(TASKS[0], connector)
        task = yaml.safe_load(text)["tasks"]["phishing-mail"]
        assert (task["text"], "keep" in task) == (["email.subject", "message"], False)
        assert "# keep: [host.name]" in text

    @pytest.mark.parametrize(
        ("kind", "span"), [("files", "all"), ("splunk", "90d"), ("elastic", "90d")]
    )
    def test_names_the_connectors_default_window(self, kind: str, span: str) -> None:
        connector = Plugins((kind,)).specs(ConnectorSpec)[kind]
        (line,) = (x for x in render_config(TASKS[0], connector).splitlines() if "# window:" in x)
        assert line.endswith(f"or all; default: {span}")
