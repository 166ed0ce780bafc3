"""What a use case works in: its folder, its salt, its events, its connectors."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from sftsec_core.api.domain import Event, Message, StageFinished, StageStarted
from sftsec_core.api.errors import ConfigError, ConnectorError, NotFoundError
from sftsec_core.api.hookspecs import hookimpl
from sftsec_core.operations.authorize import local_admin
from sftsec_core.operations.context import Context
from sftsec_core.store.salt import SALT_BYTES
from sftsec_core.testing import MemoryConnector, MemorySource
from tests.core.operations.memory_site import MemoryPlugin, memory_context


@pytest.fixture
def plugin() -> MemoryPlugin:
    connector = MemoryConnector(MemorySource())
    return MemoryPlugin(lambda: connector)


@pytest.fixture
def context(tmp_path: Path, plugin: MemoryPlugin) -> Iterator[Context]:
    with memory_context(tmp_path, plugin) as made:
        yield made


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def umask() -> int:
    now = os.umask(0)
    os.umask(now)
    return now


class TestFolder:
    def test_is_for_this_user_alone(self, context: Context, tmp_path: Path) -> None:
        assert context.folder == tmp_path / ".sftsec"
        assert mode(context.folder) == 0o700

    def test_is_made_when_it_is_needed(self, context: Context, tmp_path: Path) -> None:
        context.close()
        assert not (tmp_path / ".sftsec").exists()

    def test_files_made_meanwhile_are_private(self, context: Context, tmp_path: Path) -> None:
        (context.folder / "inside").write_text("", encoding="utf-8")
        context.close()
        (tmp_path / "after").write_text("", encoding="utf-8")
        assert mode(tmp_path / ".sftsec" / "inside") == 0o600
        assert mode(tmp_path / "after") == 0o666 & ~umask()

    def test_open_folder_of_before_is_mended(self, context: Context, tmp_path: Path) -> None:
        report = tmp_path / ".sftsec" / "runs" / "one" / "report.html"
        report.parent.mkdir(parents=True)
        report.touch(mode=0o644)
        report.chmod(0o644)
        for folder in (tmp_path / ".sftsec", report.parent.parent, report.parent):
            folder.chmod(0o755)
        places = (context.folder, context.folder / "runs", report.parent, report)
        assert [oct(mode(place)) for place in places] == ["0o700"] * 3 + ["0o600"]


class TestWarning:
    def test_is_logged_as_its_text_alone(
        self, context: Context, caplog: pytest.LogCaptureFixture
    ) -> None:
        context.emit(Message(text="3 of 9 records are rejected", level="warning"))
        assert [(one.levelname, one.getMessage()) for one in caplog.records] == [
            ("WARNING", "3 of 9 records are rejected")
        ]


class TestSalt:
    def test_is_made_once_and_secret(
        self, context: Context, tmp_path: Path, plugin: MemoryPlugin
    ) -> None:
        assert len(context.salt) == SALT_BYTES
        assert mode(context.folder / "salt") == 0o600
        assert [path.name for path in context.folder.iterdir()] == ["salt"]
        with memory_context(tmp_path, plugin) as again:
            assert again.salt == context.salt

    def test_first_of_two_processes_wins(
        self, context: Context, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        link = os.link

        def late(draft: Path, file: Path) -> None:
            file.write_bytes(b"the other process was first")
            link(draft, file)

        monkeypatch.setattr(os, "link", late)
        assert context.salt == b"the other process was first"
        assert [path.name for path in context.folder.iterdir()] == ["salt"]

    def test_differs_between_sites(self, context: Context, tmp_path: Path) -> None:
        other = tmp_path / "other"
        other.mkdir()
        with memory_context(other, MemoryPlugin(lambda: MemoryConnector(MemorySource()))) as made:
            assert made.salt != context.salt


class TestEvents:
    def test_reach_plugins_before_sinks(self, tmp_path: Path, plugin: MemoryPlugin) -> None:
        told: list[tuple[str, Event]] = []

        class Observer:
            @hookimpl
            def sftsec_event(self, event: Event) -> None:
                told.append(("plugin", event))

        sinks = [lambda event: told.append(("sink", event))]
        with memory_context(tmp_path, plugin, Observer(), sinks=sinks) as context:
            context.emit(Message(text="hello"))
        (first, event), (second, same) = told
        assert (first, second) == ("plugin", "sink")
        assert event is same
        assert event.at is not None

    def test_of_a_stage_name_the_task(self, tmp_path: Path, plugin: MemoryPlugin) -> None:
        told: list[Event] = []
        with (
            memory_context(tmp_path, plugin, sinks=[told.append]) as context,
            context.stage("score", "mail", "with a model") as stage,
        ):
            stage.counts["wanted"] = 3
        started, finished = told
        assert isinstance(started, StageStarted)
        assert (started.task, started.stage, started.detail) == ("mail", "score", "with a model")
        assert isinstance(finished, StageFinished)
        assert (finished.task, finished.counts) == ("mail", {"wanted": 3})


class TestConnector:
    def test_gets_a_folder_of_its_own(self, context: Context, plugin: MemoryPlugin) -> None:
        with context.connector("siem") as connector:
            assert list(connector.check()) == []
        (given,) = plugin.opened
        assert (given.name, given.salt) == ("siem", context.salt)
        assert given.folder == context.folder / "connectors" / "siem"
        assert mode(given.folder) == 0o700

    def test_is_closed_after_an_error(self, context: Context) -> None:
        with pytest.raises(ZeroDivisionError), context.connector("siem") as connector:
            raise ZeroDivisionError
        with pytest.raises(ConnectorError, match="after it was closed"):
            connector.check()

    def test_unknown_one_suggests_a_known_one(self, context: Context) -> None:
        with (
            pytest.raises(NotFoundError, match="did you mean 'siem'"),
            context.connector("simm"),
        ):
            pass
        with pytest.raises(NotFoundError, match="unknown connector"):
            context.connector_config("other")


class TestTask:
    def test_has_its_benign_label_first(self, context: Context) -> None:
        task = context.task("mail").model_copy(
            update={"labels": {"z": (), "a": (), "m": ()}, "benign": "m"}
        )
        context.settings.tasks["mail"] = task
        assert context.task_spec("mail").labels == ("m", "a", "z")

    def test_unknown_one_suggests_a_known_one(self, context: Context) -> None:
        with pytest.raises(NotFoundError, match="unknown task 'mial', did you mean 'mail'"):
            context.task("mial")


class TestOpen:
    def test_checks_options_against_the_plugins(self, tmp_path: Path) -> None:
        file = tmp_path / "sftsec.yaml"
        file.write_text("connectors: {siem: {type: files, path: x}}\n", encoding="utf-8")
        with pytest.raises(ConfigError, match=r"connectors\.siem\.path"):
            Context.open(file, actor=local_admin("test"))


class TestWithBudget:
    def test_changes_one_tasks_time_alone(self, context: Context) -> None:
        (name,) = context.settings.tasks
        before = context.task(name).train.budget
        other = context.with_budget(name, timedelta(minutes=3))
        assert other.task(name).train.budget == timedelta(minutes=3)
        assert context.task(name).train.budget == before != timedelta(minutes=3)
        assert other.store is context.store
