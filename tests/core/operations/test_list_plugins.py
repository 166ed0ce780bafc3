"""Plugins with what each needs: every one alone, nothing heavy, no stranger's code."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

import pytest

from sftsec_core.operations.list_plugins import ListedPlugin, list_plugins
from sftsec_core.plugins import ENTRY_POINT_GROUP

POINTS = entry_points(group=ENTRY_POINT_GROUP)
OURS = sorted(one.name for one in POINTS)
# What the techniques stand on; none of it is imported before a task uses one.
HEAVY = (
    *("torch", "torchvision", "transformers", "peft", "accelerate", "captum", "opacus"),
    *("fairlearn", "cleanlab", "PIL", "lightgbm", "onnxruntime", "elasticsearch"),
    *("opensearchpy", "splunklib", "sklearn", "scipy", "pyarrow", "flwr", "ray"),
)
PROGRAM = """
import json, sys
from sftsec_core.plugins import Plugins
plugins = Plugins(sys.argv[1].split(","))
plugins.require()
heavy = sorted(set(sys.argv[2].split(",")) & set(sys.modules))
json.dump({"heavy": heavy, "statuses": [[s.name, s.error] for s in plugins.statuses if s.enabled]},
          sys.stdout)
"""
BODY = """
from sftsec_core.api import Requirement, VoterSpec, hookimpl

@hookimpl
def sftsec_register_voters():
    need = Requirement(module="no_such_module", install_hint="pip install such")
    also = Requirement(module="json", install_hint="pip install json")
    return [VoterSpec(name="site", summary="x", vote=print, requires=(need, also))]
"""


@pytest.mark.parametrize("name", OURS)
def test_alone_imports_nothing_heavy(name: str, tmp_path: Path) -> None:
    enabled = "core" if name == "core" else f"core,{name}"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM, enabled, ",".join(HEAVY)],
        cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found == {"heavy": [], "statuses": [[each, None] for each in enabled.split(",")]}


@pytest.fixture
def point(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> EntryPoint:
    """A stranger's plugin."""
    (tmp_path / "stranger.py").write_text(BODY, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "stranger", raising=False)
    return EntryPoint("stranger", "stranger", ENTRY_POINT_GROUP)


def only(listed: list[ListedPlugin]) -> ListedPlugin:
    (found,) = listed
    return found


class TestNeeds:
    def test_of_ours_are_known_while_disabled(self) -> None:
        listed = {each.status.name: each for each in list_plugins(["core"])}
        assert not listed["elastic"].status.enabled
        needs = listed["elastic"].needs
        assert needs is not None
        assert [need.module for need in needs] == ["elasticsearch"]
        assert needs[0].used_by == ("connector type elastic",)
        assert listed["pii"].needs == ()
        assert listed["pii"].offers == ("step redact",)

    def test_of_a_stranger_wait_for_enabling(self, point: EntryPoint) -> None:
        listed = only(list_plugins([], found=[point]))
        assert listed.needs is None
        assert "stranger" not in sys.modules, "its code ran"

    def test_name_what_is_missing(self, point: EntryPoint) -> None:
        listed = only(list_plugins(["stranger"], found=[point]))
        assert [need.module for need in listed.missing] == ["no_such_module"]
        assert listed.missing[0].install == "pip install such"
        assert listed.to_json()["needs"][0] == {
            "module": "json",
            "installed": True,
            "install": "pip install json",
            "used_by": ("voter site",),
        }

    def test_unknown_name_has_its_reason(self, point: EntryPoint) -> None:
        listed = {each.status.name: each for each in list_plugins(["strange"], found=[point])}
        assert "did you mean 'stranger'?" in (listed["strange"].status.error or "")


class TestBroken:
    def test_is_told_while_disabled(self) -> None:
        class Ours(EntryPoint):
            """One of this distribution, without a module."""

            dist = next(iter(entry_points(group=ENTRY_POINT_GROUP))).dist

        broken = Ours("gone", "sftsec_gone.hooks", ENTRY_POINT_GROUP)
        listed = only(list_plugins([], found=[broken]))
        assert "sftsec_gone" in (listed.status.error or "")
        assert not listed.status.enabled
