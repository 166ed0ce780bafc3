"""A worker's settings while sftsec.yaml changes under it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from sftsec_core.api.domain import Event, Message
from sftsec_core.operations.authorize import local_admin
from sftsec_core.operations.context import Context
from sftsec_core.runner.config_watcher import ConfigWatcher
from tests.core.operations.schedule_site import NIGHTLY, write_site


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def context(tmp_path: Path, told: list[str]) -> Iterator[Context]:
    def note(event: Event) -> None:
        if isinstance(event, Message):
            told.append(event.text)

    file = write_site(tmp_path / "site", {})
    with Context.open(file, actor=local_admin("test"), sinks=(note,)) as opened:
        yield opened


def change(file: Path, **values: Any) -> None:
    said = yaml.safe_load(file.read_text(encoding="utf-8"))
    file.write_text(yaml.safe_dump({**said, **values}), encoding="utf-8")


class TestConfigWatcher:
    def test_leaves_an_unchanged_file_alone(self, context: Context, told: list[str]) -> None:
        before = context.settings
        assert not ConfigWatcher(context).look()
        assert context.settings is before
        assert told == []

    def test_takes_up_a_new_schedule(self, context: Context, told: list[str]) -> None:
        watcher = ConfigWatcher(context)
        change(context.file, schedules={"nightly": NIGHTLY}, worker={"slots": 3})
        assert watcher.look()
        assert not watcher.look()
        assert list(context.settings.schedules or {}) == ["nightly"]
        assert context.settings.worker.slots == 3
        assert told == []

    def test_warns_once_of_a_wrong_file(self, context: Context, told: list[str]) -> None:
        watcher, before = ConfigWatcher(context), context.settings
        change(context.file, worker={"slots": "many"})
        assert [watcher.look() for _ in range(3)] == [False] * 3
        assert context.settings is before
        (line,) = told
        assert "worker.slots" in line
        assert "keeps the settings" in line

    def test_takes_up_what_was_put_right(self, context: Context) -> None:
        watcher = ConfigWatcher(context)
        change(context.file, worker={"slots": "many"})
        watcher.look()
        change(context.file, worker={"slots": 2})
        assert watcher.look()
        assert context.settings.worker.slots == 2

    def test_waits_for_a_missing_file(self, context: Context, told: list[str]) -> None:
        watcher = ConfigWatcher(context)
        context.file.unlink()
        assert not watcher.look()
        assert told == []

    def test_keeps_the_state_that_is_open(self, context: Context, told: list[str]) -> None:
        watcher, folder = ConfigWatcher(context), context.settings.state.folder
        change(context.file, state={"folder": "elsewhere"}, worker={"slots": 2})
        assert watcher.look()
        assert context.settings.state.folder == folder
        assert context.settings.worker.slots == 2
        assert told == ["state changed: restart the worker to take that up"]
