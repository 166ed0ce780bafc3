"""Groups whose commands are imported when they are needed."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from sftsec_core.api.errors import PluginError
from sftsec_core.cli.lazy import LazyGroup
from tests.core.cli.invoke import run

HERE = {"list": "sftsec_core.cli.model.list", "absent": "sftsec_core.cli.there_is_none"}


@pytest.fixture
def added() -> list[click.Group]:
    """The groups that were extended, in order."""
    return []


@pytest.fixture
def group(added: list[click.Group]) -> LazyGroup:
    def extend(root: click.Group) -> None:
        added.append(root)
        root.add_command(click.Command("wash"))

    return LazyGroup("test", lazy=HERE, extend=extend)


class TestLookUp:
    def test_lists_names_without_importing(self, group: LazyGroup) -> None:
        assert group.list_commands(click.Context(group)) == ["absent", "list", "wash"]
        with pytest.raises(ImportError):
            group.get_command(click.Context(group), "absent")

    def test_finds_a_command_by_its_module(
        self, group: LazyGroup, added: list[click.Group]
    ) -> None:
        command = group.get_command(click.Context(group), "list")
        assert command is not None
        assert command.name == "list"
        assert added == [], "a known command needs no plugin"

    def test_asks_plugins_once_for_others(self, group: LazyGroup, added: list[click.Group]) -> None:
        context = click.Context(group)
        assert group.get_command(context, "wash") is not None
        assert group.get_command(context, "rinse") is None
        assert added == [group]

    def test_suggests_the_nearest_name(self, tmp_path: Path) -> None:
        result = run("retrian", cwd=tmp_path)
        assert result.returncode == 2
        assert "did you mean 'retrain'?" in result.stderr


class TestAdd:
    @pytest.mark.parametrize("name", ["list", "wash"])
    def test_taken_name_is_refused(self, group: LazyGroup, name: str) -> None:
        group.list_commands(click.Context(group))
        with pytest.raises(PluginError, match=f"the command '{name}' exists already"):
            group.add_command(click.Command(name))
