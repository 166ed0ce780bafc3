"""The settings of the built-in recipes, as a configuration gives them."""

from __future__ import annotations

from pathlib import Path

import pytest

from sftsec_core.api.errors import ConfigError
from sftsec_core.operations.preflight import check_against_plugins, read

GOOD = """\
version: 1
plugins: [core, files, pii]
connectors:
  mail: {type: files, paths: [a.jsonl]}
tasks:
  phishing:
    connector: mail
    text: [message]
    labels: {benign: [ham], malicious: [spam]}
    benign: benign
"""


def check(folder: Path, train: str) -> None:
    file = folder / "sftsec.yaml"
    file.write_text(f"{GOOD}    train: {train}\n", encoding="utf-8")
    settings, plugins = read(file)
    check_against_plugins(settings, plugins, file)


class TestRecipeSettings:
    @pytest.mark.parametrize("recipe", ["hybrid", "full", "lora"])
    def test_own_encoder_needs_its_digest(self, tmp_path: Path, recipe: str) -> None:
        with pytest.raises(ConfigError, match="sha256 is required"):
            check(tmp_path, f"{{recipe: {{name: {recipe}, encoder: {{path: /models/x}}}}}}")

    @pytest.mark.parametrize(
        ("second", "told"),
        [
            ("{}", "second_encoder is the same as encoder"),
            ("{path: /models/x}", "sha256 is required"),
            ("{view: auto}", "second_encoder.view is one of plain, decoded"),
        ],
    )
    def test_second_encoder_is_another_one(self, tmp_path: Path, second: str, told: str) -> None:
        with pytest.raises(ConfigError, match=told):
            check(tmp_path, f"{{recipe: {{name: probe, second_encoder: {second}}}}}")

    def test_only_frozen_encoders_stand_together(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match="unknown key 'second_encoder'"):
            check(tmp_path, "{recipe: {name: contrastive, second_encoder: {}}}")

    def test_settings_stand_beside_the_name(self, tmp_path: Path) -> None:
        check(tmp_path, "{recipe: {name: lora, rank: 8, epochs: 2}, compare: [hybrid]}")

    def test_another_recipes_setting_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match="unknown key 'rank'"):
            check(tmp_path, "{recipe: {name: full, rank: 8}}")
