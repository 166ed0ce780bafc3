"""Commands that the plugins of the configuration add."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.core.cli.invoke import run
from tests.e2e.site import Site

WASH = """
import click
from sftsec_core.api import hookimpl

@hookimpl
def sftsec_register_commands(cli):
    @cli.command("NAME")
    def command():
        print("washed")
"""


def install(site: Site, monkeypatch: pytest.MonkeyPatch, name: str, *, enable: bool = True) -> None:
    """Put a plugin with a command of this name on the path, and enable it."""
    folder = site.folder / "installed"
    info = folder / "washer-1.2.dist-info"
    info.mkdir(parents=True)
    (folder / f"washer_{name}.py").write_text(WASH.replace("NAME", name), encoding="utf-8")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: washer\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text(f"[sftsec]\nwasher = washer_{name}\n")
    monkeypatch.setenv("PYTHONPATH", str(folder), prepend=":")
    settings = yaml.safe_load(site.config.read_text(encoding="utf-8"))
    settings["plugins"] = ["core", "files", "pii", *(["washer"] if enable else [])]
    site.config.write_text(yaml.safe_dump(settings), encoding="utf-8")


class TestPluginCommand:
    def test_is_listed_and_run(self, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        install(site, monkeypatch, "wash")
        assert site.run("wash") == "washed\n"
        assert "  wash" in site.run("--help")

    def test_is_listed_by_the_variable(
        self, site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        install(site, monkeypatch, "wash")
        monkeypatch.setenv("SFTSEC_CONFIG", str(site.config))
        assert "  wash" in run("--help", cwd=tmp_path).stdout

    def test_is_unknown_without_the_plugin(
        self, site: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        install(site, monkeypatch, "wash", enable=False)
        assert "unknown command 'wash'" in site.run("wash", code=2)

    def test_may_not_take_a_taken_name(self, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        install(site, monkeypatch, "retrain")
        assert "the command 'retrain'" in site.run("--help", code=4)


class TestBrokenConfiguration:
    def test_does_not_hide_the_help(self, tmp_path: Path) -> None:
        (tmp_path / "sftsec.yaml").write_text("version: [")
        assert run("--help", cwd=tmp_path).returncode == 0
