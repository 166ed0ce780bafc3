"""Paths of the configuration are relative to its own folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel

from sftsec_core.api.settings.paths import BASE, ConfigPath


class Config(BaseModel):
    file: ConfigPath


def resolved(path: str, base: Path | None) -> Path:
    return Config.model_validate({"file": path}, context=base and {BASE: base}).file


class TestConfigPath:
    def test_is_relative_to_the_file(self, tmp_path: Path) -> None:
        assert resolved("data/a.jsonl", tmp_path) == tmp_path / "data" / "a.jsonl"

    def test_is_left_alone_when_absolute(self, tmp_path: Path) -> None:
        assert resolved("/data/a.jsonl", tmp_path) == Path("/data/a.jsonl")

    def test_is_left_alone_without_a_file(self) -> None:
        assert resolved("a.jsonl", None) == Path("a.jsonl")

    def test_may_begin_in_the_home_folder(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HOME", "/home/ann")
        assert resolved("~/a.jsonl", tmp_path) == Path("/home/ann/a.jsonl")
