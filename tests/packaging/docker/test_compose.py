"""The compose files: commands, names and the configuration that goes with them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from sftsec_core.api.settings.secrets import SecretRef
from sftsec_core.config.load import load_settings
from sftsec_core.config.settings import WorkerSettings
from sftsec_core.doctor.access import secrets_in
from sftsec_core.operations.check_config import check_config
from sftsec_core.server.endpoint import SHUTDOWN_TIMEOUT_S
from tests.meta.tree import ROOT
from tests.packaging.commands import refusal

FOLDER = ROOT / "packaging" / "docker"
FILES = sorted(FOLDER.glob("compose*.yaml"))
SERVICE = yaml.safe_load((FOLDER / "compose.service.yaml").read_text(encoding="utf-8"))


def named(file: Path) -> Any:
    return yaml.safe_load(file.read_text(encoding="utf-8"))


class TestCompose:
    @pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
    def test_volumes_and_secrets_are_declared(self, file: Path) -> None:
        whole = named(file)
        for service in whole["services"].values():
            for volume in service.get("volumes", ()):
                source = volume.split(":")[0]
                assert source.startswith("./") or source in whole["volumes"]
            assert set(service.get("secrets", ())) <= whole.get("secrets", {}).keys()
            assert set(service.get("depends_on", ())) <= whole["services"].keys()

    @pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
    def test_images_have_versions(self, file: Path) -> None:
        for service in named(file)["services"].values():
            assert re.search(r":(\$\{\w+:-)?[\w.]*\d", service["image"])
            assert "latest" not in service["image"]


class TestService:
    def test_commands_are_ones_of_ours(self) -> None:
        ours = [each for each in SERVICE["services"].values() if "sftsec" in each["image"]]
        assert len(ours) == 3
        for service in ours:
            assert refusal(service.get("command", ["doctor"])) is None
            assert service["read_only"] is True
            assert service["cap_drop"] == ["ALL"]

    def test_commands_of_its_head_are_right(self) -> None:
        text = (FOLDER / "compose.service.yaml").read_text(encoding="utf-8")
        lines = re.findall(r"run --rm cli (.*)", text)
        assert len(lines) == 2
        assert [refusal(line.split()) for line in lines] == [None, None]

    def test_server_has_time_to_finish(self) -> None:
        grace = SERVICE["services"]["serve"]["stop_grace_period"]
        assert int(grace.removesuffix("s")) > SHUTDOWN_TIMEOUT_S

    def test_worker_has_time_for_checkpoints(self) -> None:
        grace = SERVICE["services"]["worker"]["stop_grace_period"]
        assert int(grace.removesuffix("s")) > WorkerSettings().grace.total_seconds() * 2

    def test_configuration_is_right(self) -> None:
        file = FOLDER / "sftsec.yaml"
        assert check_config(file).tasks == ("alerts",)
        settings = load_settings(file)
        references = [reference for _, reference in secrets_in(settings)]
        references.append(SecretRef(str(settings.state.url)))
        mounted = SERVICE["services"]["serve"]["secrets"]
        assert sorted(str(each) for each in references) == sorted(
            f"credential:{name}" for name in mounted
        )
