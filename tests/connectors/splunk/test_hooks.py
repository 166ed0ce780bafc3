"""The plugin keeps the contract that every plugin keeps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

import sftsec_splunk.hooks
from sftsec_core.operations.preflight import read
from sftsec_core.testing import PluginContract


class TestSplunkPlugin(PluginContract):
    def plugin(self) -> Any:
        return sftsec_splunk.hooks


ENTITIES = ("src", "dest", "user", "src_user", "risk_object", "risk_object_type")


def kept(folder: Path, source: dict[str, Any], **task: Any) -> tuple[str, ...]:
    """What a task on one source keeps, as its configuration is read."""
    siem = {"type": "splunk", "url": "https://s.example:8089", "token": "env:T"}
    settings = {
        "plugins": ["core", "splunk", "pii"],
        "connectors": {"siem": {**siem, "sources": [source]}},
        "tasks": {
            "t": {
                "connector": "siem",
                "text": ["message"],
                "labels": {"benign": ["no"], "malicious": ["yes"]},
                **task,
            }
        },
    }
    file = folder / "sftsec.yaml"
    file.write_text(yaml.safe_dump(settings), encoding="utf-8")
    return read(file)[0].tasks["t"].keep


class TestKeptEntities:
    def test_are_those_that_security_reads(self, tmp_path: Path) -> None:
        for kind in ("notables", "findings", "verdicts"):
            assert kept(tmp_path, {"kind": kind}) == ENTITIES
        read_by_model = kept(tmp_path, {"kind": "notables"}, text=["user", "message"])
        assert read_by_model == tuple(name for name in ENTITIES if name != "user")

    @pytest.mark.parametrize("keep", [[], ["host"]])
    def test_are_the_tasks_own_where_it_says(self, tmp_path: Path, keep: list[str]) -> None:
        assert kept(tmp_path, {"kind": "notables"}, keep=keep) == tuple(keep)

    @pytest.mark.parametrize(
        "private",
        [{"analyst": "user"}, {"private": ["user"]}, {"rename": {"user": "by"}, "analyst": "by"}],
    )
    def test_are_none_of_the_analysts(self, tmp_path: Path, private: dict[str, Any]) -> None:
        source = {"kind": "search", "search": "index=mail", "label": "verdict", **private}
        assert "user" not in kept(tmp_path, source)
        assert "src" in kept(tmp_path, source)
