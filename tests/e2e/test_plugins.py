"""Plugins through the command line: what is enabled is whole and used, or the command ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.site import Site

HEAD = """
from pydantic import BaseModel, ConfigDict
from sftsec_core.api import AuditSpec, RendererSpec, Requirement, Split, SplitterSpec, StepSpec
from sftsec_core.api import Suppression, SuppressorSpec, Vote, VoterSpec, hookimpl
"""
BROKEN = {
    "does not import": ("import there_is_no_such_module", "there_is_no_such_module"),
    "misspells a hook": ("@hookimpl\ndef sftsec_register_stepps(): return []", "stepps"),
    "returns a wrong type": ("@hookimpl\ndef sftsec_register_steps(): return [1]", "a int, not a"),
}
COMMANDS = {
    "config check": ("config", "check"),
    "retrain": ("retrain", "triage"),
    "score": ("score", "triage"),
    "serve": ("serve",),
}
WORKING = """
class Loud(BaseModel):
    model_config = ConfigDict(extra="forbid")
    mark: str = "!"

def render(config, incident, task):
    return str(incident.fields.get("message", "")) + config.mark

class After(BaseModel):
    model_config = ConfigDict(extra="forbid")
    word: str = "default"

def vote(config, candidate, incumbent, policy):
    return None if config.word == "abstain" else Vote("site", True, config.word)

def suppress(config, detection):
    return Suppression("maintenance")

def split(config, examples, policy):
    third = len(examples) // 3
    return Split(examples[:third], examples[third:2 * third], examples[2 * third:])

class Bins(BaseModel):
    model_config = ConfigDict(extra="forbid")
    length: int = 10

def audit(config, given):
    long = [len(next(iter(e.inputs.values()))) > config.length for e in given.split.test]
    return {"length": config.length, "long": sum(long), "rows": len(given.predictions)}

@hookimpl
def sftsec_register_audits():
    return [AuditSpec(name="lengths", summary="x", config_model=Bins, run=audit)]

@hookimpl
def sftsec_register_renderers():
    return [RendererSpec(name="loud", summary="x", config_model=Loud, render=render)]

@hookimpl
def sftsec_register_voters():
    return [VoterSpec(name="site", summary="x", config_model=After, vote=vote)]

@hookimpl
def sftsec_register_suppressors():
    return [SuppressorSpec(name="maintenance", summary="x", suppress=suppress)]

@hookimpl
def sftsec_register_splitters():
    return [SplitterSpec(name="thirds", summary="x", split=split)]
"""


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site.make(tmp_path / "site", rows=400, open_rows=40)


def install(
    site: Site, monkeypatch: pytest.MonkeyPatch, body: str, *, enable: bool = True, **task: Any
) -> None:
    """Put a plugin beside the site as an installed distribution, and enable it."""
    folder = site.folder / "installed"
    info = folder / "extra-1.2.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    (folder / "extra_plugin.py").write_text(HEAD + body, encoding="utf-8")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: extra\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text("[sftsec]\nextra = extra_plugin\n")
    monkeypatch.setenv("PYTHONPATH", str(folder), prepend=":")
    settings = yaml.safe_load(site.config.read_text(encoding="utf-8"))
    settings["plugins"] = [*("core", "files", "pii"), *(["extra"] if enable else [])]
    settings["tasks"]["triage"] |= task
    site.config.write_text(yaml.safe_dump(settings), encoding="utf-8")


class TestBrokenPlugin:
    @pytest.mark.parametrize("command", COMMANDS)
    def test_ends_the_command_with_exit_code_four(
        self, site: Site, monkeypatch: pytest.MonkeyPatch, command: str
    ) -> None:
        body, cause = BROKEN["misspells a hook"]
        install(site, monkeypatch, body)
        told = site.run(*COMMANDS[command], code=4)
        (line,) = (each for each in told.splitlines() if each.startswith("sftsec: "))
        assert "plugin 'extra'" in line
        assert cause in line
        assert not (site.folder / ".sftsec").exists(), "nothing is touched"

    @pytest.mark.parametrize("fault", BROKEN)
    def test_is_named_with_its_cause(
        self, site: Site, monkeypatch: pytest.MonkeyPatch, fault: str
    ) -> None:
        body, cause = BROKEN[fault]
        install(site, monkeypatch, body)
        assert cause in site.run("config", "check", code=4)
        listed = {each["name"]: each for each in site.json("plugins", "list")}
        assert cause in listed["extra"]["error"]
        assert listed["core"]["error"] is None

    def test_may_not_take_a_built_in_name(
        self, site: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        body = (
            "def never(*_): ...\n@hookimpl\ndef sftsec_register_voters():\n"
            "    return [VoterSpec(name='no_leak', summary='x', vote=never)]\n"
        )
        install(site, monkeypatch, body)
        assert "voter 'no_leak' is registered twice" in site.run("config", "check", code=4)


class TestNamedByATask:
    def test_is_used_with_its_settings(self, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        install(
            site,
            monkeypatch,
            WORKING,
            render={"name": "loud", "mark": "?"},
            suppress={"maintenance": {}},
            gate={"min_labels": 5, "voters": {"site": {"word": "fine by us"}}},
        )
        outcome = site.json("retrain", "triage")
        votes = {vote["voter"]: vote for vote in outcome["votes"]}
        assert votes["site"]["reason"] == "fine by us"
        scored = site.json("score", "triage")
        assert scored["suppressed"] > 0
        assert scored["detections"] == 0
        assert not site.pushed()

    def test_audit_adds_its_section_to_report(
        self, site: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        audits = {"lengths": {"length": 20}}
        install(site, monkeypatch, WORKING, evaluation={"audits": audits})
        site.json("retrain", "triage")
        (file,) = site.folder.glob(".sftsec/runs/*/report.json")
        section = json.loads(file.read_text(encoding="utf-8"))["sections"]["lengths"]
        assert section["length"] == 20
        assert section["rows"] >= section["long"] > 0

    def test_an_audit_that_fails_ends_the_run(
        self, site: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        broken = WORKING.replace("config.length for", "config.size for")
        install(site, monkeypatch, broken, evaluation={"audits": {"lengths": {}}})
        told = site.run("retrain", "triage", code=4)
        assert "audit 'lengths' failed: AttributeError" in told

    def test_an_abstention_is_listed(self, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        voters = {"site": {"word": "abstain"}}
        install(site, monkeypatch, WORKING, gate={"min_labels": 5, "voters": voters})
        votes = {vote["voter"]: vote for vote in site.json("retrain", "triage")["votes"]}
        assert votes["site"]["abstained"]

    def test_model_is_unscored_without_its_plugin(
        self, site: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        install(site, monkeypatch, WORKING, render="loud")
        site.json("retrain", "triage")
        install(site, monkeypatch, WORKING, enable=False, render=None)
        told = site.run("score", "triage", code=4)
        assert "was trained with the plugin extra" in told
        assert not site.pushed()

    def test_wrong_settings_stop_before_anything_is_touched(
        self, site: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        install(site, monkeypatch, WORKING, render={"name": "loud", "marc": "?"})
        told = site.run("retrain", "triage", code=3)
        assert "tasks.triage.render.marc: unknown key 'marc', did you mean 'mark'?" in told
        assert not (site.folder / ".sftsec").exists()

    def test_missing_requirement_is_named_before_pull(
        self, site: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        needs = (
            "@hookimpl\ndef sftsec_register_renderers():\n"
            "    need = Requirement(module='no_such_module', install_hint='pip install such')\n"
            "    return [RendererSpec(name='loud', summary='x', render=str, requires=(need,))]\n"
        )
        install(site, monkeypatch, needs, render="loud")
        told = site.run("retrain", "triage", code=4)
        assert "renderer 'loud' needs no_such_module: pip install such" in told
        assert not list((site.folder / ".sftsec" / "snapshots").glob("*"))

    def test_splitter_of_plugin_is_a_method(
        self, site: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        install(site, monkeypatch, WORKING, split={"method": "thirds"})
        assert site.json("config", "check")["ok"]
        install(site, monkeypatch, WORKING, split={"method": "thirds", "size": 3})
        assert "unknown key 'size'" in site.run("config", "check", code=3)
