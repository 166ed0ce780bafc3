"""A configuration is checked against the plugins before anything is touched."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict

import sftsec_core.builtin
import sftsec_files.hooks
import sftsec_pii.hooks
from sftsec_core.api.contracts import AuditSpec, Requirement, StepSpec, VoterSpec
from sftsec_core.api.errors import ConfigError, PluginError
from sftsec_core.api.hookspecs import hookimpl
from sftsec_core.config.settings import Settings
from sftsec_core.operations.preflight import (
    check_against_plugins,
    check_encoders,
    check_requirements,
    read,
    unread_inputs,
)
from sftsec_core.plugins import Plugins

SIEM = {"type": "files", "paths": ["a.jsonl"]}
TASK: Mapping[str, Any] = {
    "connector": "siem",
    "text": ["message"],
    "labels": {"benign": ["benign"], "malicious": ["malicious"]},
    "train": {"recipe": "linear"},
}


class Hours(BaseModel):
    model_config = ConfigDict(extra="forbid")

    after: str


def never(*_: object) -> Any:
    raise AssertionError("nothing is made or called by a check")


class Extra:
    """A voter whose setting has no default, and a step that needs what is not installed."""

    @hookimpl
    def sftsec_register_voters(self) -> Sequence[VoterSpec[Any]]:
        return [VoterSpec(name="hours", summary="x", config_model=Hours, vote=never)]

    @hookimpl
    def sftsec_register_steps(self) -> Sequence[StepSpec[Any]]:
        needs = Requirement(module="no_such_module", install_hint="pip install such")
        return [StepSpec(name="wash", summary="x", order=1, create=never, requires=(needs,))]


class ByUnit(BaseModel):
    model_config = ConfigDict(extra="forbid")

    field: str = "unit"


class Grouped:
    """An audit that reads the group of an incident."""

    @hookimpl
    def sftsec_register_audits(self) -> Sequence[AuditSpec[Any]]:
        spec = AuditSpec(
            name="units", summary="x", config_model=ByUnit, groups_by=lambda c: [c.field], run=never
        )
        return [spec]


def settings_of(folder: Path, task: Mapping[str, Any], siem: Mapping[str, Any] = SIEM) -> Settings:
    file = folder / "sftsec.yaml"
    settings = {"connectors": {"siem": siem}, "tasks": {"mail": {**TASK, **task}}}
    file.write_text(json.dumps(settings), encoding="utf-8")
    return read(file)[0]


def plugins(*more: object) -> Plugins:
    return Plugins.of_modules(sftsec_core.builtin, sftsec_files.hooks, sftsec_pii.hooks, *more)


WRONG: dict[str, tuple[Mapping[str, Any], str]] = {
    "step": ({"steps": {"normalize": {}}}, "steps.normalize: unknown step 'normalize', did you"),
    "setting of a step": ({"steps": {"redact": {"x": 1}}}, "steps.redact.x: unknown key 'x'"),
    "suppressor": ({"suppress": {"x": {}}}, "suppress.x: unknown suppressor 'x' (none are known)"),
    "voter": ({"gate": {"voters": {"x": {}}}}, "gate.voters.x: unknown voter 'x'"),
    "transform": (
        {"train": {"transforms": ["x"]}},
        "train.transforms.0: unknown transform 'x' (known: augment, label_errors)",
    ),
    "field of a transform": (
        {"train": {"transforms": [{"name": "augment", "fields": {"subjct": ["case"]}}]}},
        "train.transforms.0: transform 'augment' rewrites fields of the task's `text`: unknown "
        "field 'subjct'",
    ),
    "recipe": ({"train": {"recipe": "lineer"}}, "train.recipe: unknown recipe 'lineer'"),
    "setting of a recipe": (
        {"train": {"recipe": {"name": "linear", "rank": 4}}},
        "train.recipe.rank: unknown key 'rank'",
    ),
    "compared recipe": ({"train": {"recipe": "linear", "compare": ["x"]}}, "unknown recipe 'x'"),
    "launcher": ({"train": {"recipe": "linear", "launcher": "x"}}, "unknown launcher 'x'"),
    "renderer": ({"render": "x"}, "render: unknown renderer 'x'"),
    "splitter": ({"split": {"method": "x"}}, "split: unknown splitter 'x'"),
    "calibrator": ({"calibrator": "x"}, "calibrator: unknown calibrator 'x'"),
    "decider": ({"decider": "x"}, "decider: unknown decider 'x'"),
    "audit": ({"evaluation": {"audits": {"x": {}}}}, "evaluation.audits.x: unknown audit 'x'"),
    "metric": ({"evaluation": {"metrics": {"x": {}}}}, "evaluation.metrics.x: unknown metric 'x'"),
    "recipe that reads nothing": (
        {"text": [], "numbers": ["amount"], "train": {"recipe": "linear"}},
        "train.recipe: recipe 'linear' reads `text`, and the task names none",
    ),
    "image without a step that checks it": (
        {"images": ["shot"]},
        "steps: `images` are read only after a step that checks them: enable a plugin with one",
    ),
    "recipe that reads numbers beside text": (
        {"text": [], "numbers": ["amount"], "train": {"recipe": "hybrid"}},
        "train.recipe: recipe 'hybrid' reads `text`, and the task names none",
    ),
}


class TestCheck:
    @pytest.mark.parametrize("kind", WRONG)
    def test_names_file_place_and_cause(self, tmp_path: Path, kind: str) -> None:
        task, told = WRONG[kind]
        settings = settings_of(tmp_path, task)
        with pytest.raises(ConfigError) as caught:
            check_against_plugins(settings, plugins(), tmp_path / "sftsec.yaml")
        assert str(caught.value).startswith(f"{tmp_path / 'sftsec.yaml'}: tasks.mail.")
        assert told in str(caught.value)

    def test_names_plugins_that_are_not_enabled(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError) as caught:
            check_against_plugins(settings_of(tmp_path, {}), Plugins(("core", "files")), tmp_path)
        (idle,) = re.findall(
            "unknown step 'redact'.*; installed but not in `plugins`: (.*)", str(caught.value)
        )
        assert "pii" in idle.split(", ")
        assert "files" not in idle.split(", ")

    @pytest.mark.parametrize(
        ("siem", "told"),
        [
            ({"type": "file"}, "connectors.siem.type: unknown connector type 'file', did you"),
            ({**SIEM, "pats": []}, "connectors.siem.pats: unknown key 'pats', did you mean"),
        ],
    )
    def test_reads_connectors_too(self, tmp_path: Path, siem: Mapping[str, Any], told: str) -> None:
        settings = settings_of(tmp_path, {}, siem)
        with pytest.raises(ConfigError) as caught:
            check_against_plugins(settings, plugins(), tmp_path / "sftsec.yaml")
        assert told in str(caught.value)

    def test_every_enabled_voter_needs_its_settings(self, tmp_path: Path) -> None:
        file = tmp_path / "sftsec.yaml"
        with pytest.raises(ConfigError, match=r"gate\.voters\.hours\.after"):
            check_against_plugins(settings_of(tmp_path, {}), plugins(Extra()), file)
        gate = {"gate": {"voters": {"hours": {"after": "16:00"}}}}
        assert settings_of(tmp_path, gate).tasks["mail"].gate.voters == gate["gate"]["voters"]
        check_against_plugins(settings_of(tmp_path, gate), plugins(Extra()), file)


class TestGroups:
    def test_field_must_be_kept_for_it(self, tmp_path: Path) -> None:
        file, audits = tmp_path / "sftsec.yaml", {"audits": ["units"]}
        with pytest.raises(ConfigError) as caught:
            check_against_plugins(
                settings_of(tmp_path, {"evaluation": audits}), plugins(Grouped()), file
            )
        assert "evaluation.audits.units: audit 'units' groups by 'unit'" in str(caught.value)
        assert "write `evaluation: {groups: [unit]}`" in str(caught.value)
        kept = settings_of(tmp_path, {"evaluation": {**audits, "groups": ["unit"]}})
        assert kept.tasks["mail"].evaluation.groups == ("unit",)
        check_against_plugins(kept, plugins(Grouped()), file)


class TestRequirements:
    def test_missing_module_is_named_with_its_command(self, tmp_path: Path) -> None:
        task = settings_of(tmp_path, {"steps": {"wash": {}}}).tasks["mail"]
        with pytest.raises(PluginError) as caught:
            check_requirements(task, plugins(Extra()))
        assert str(caught.value) == "step 'wash' needs no_such_module: pip install such"

    def test_unnamed_spec_may_miss_its_own(self, tmp_path: Path) -> None:
        task = settings_of(tmp_path, {}).tasks["mail"]
        assert plugins(Extra()).specs(StepSpec)["wash"].missing() is not None
        check_requirements(task, plugins(Extra()))


class TestUnreadInputs:
    def test_names_a_recipe_that_leaves_some(self, tmp_path: Path) -> None:
        both = {"numbers": ["amount"], "train": {"recipe": "linear", "compare": ["boosted"]}}
        notes = unread_inputs(settings_of(tmp_path, both), plugins())
        assert [note.partition(" does not read ")[2] for note in notes] == ["amount"]
        assert all(note.startswith("tasks.mail.train: recipe ") for note in notes)
        assert unread_inputs(settings_of(tmp_path, {}), plugins()) == []


class TestCheckEncoders:
    @pytest.mark.parametrize(
        ("train", "path"),
        [
            ({"recipe": {"name": "auto", "encoder": {"max_length": 513}}}, "recipe.encoder"),
            (
                {"recipe": {"name": "cascade", "hybrid": {"encoder": {"max_length": 513}}}},
                "recipe.hybrid.encoder",
            ),
            (
                {
                    "recipe": "linear",
                    "transforms": [{"name": "label_errors", "encoder": {"max_length": 513}}],
                },
                "transforms.0.encoder",
            ),
        ],
    )
    def test_names_the_setting_and_the_bound(
        self, train: Mapping[str, Any], path: str, tmp_path: Path
    ) -> None:
        task = settings_of(tmp_path, {"train": train}).tasks["mail"]
        with pytest.raises(ConfigError, match="has max_position_embeddings: 512") as caught:
            check_encoders(task, plugins(), tmp_path / "sftsec.yaml", "mail")
        assert caught.value.path == f"tasks.mail.train.{path}.max_length"

    def test_what_fits_passes(self, tmp_path: Path) -> None:
        train = {"recipe": {"name": "auto", "encoder": {"max_length": 512}}, "compare": ["bytes"]}
        task = settings_of(tmp_path, {"train": train}).tasks["mail"]
        check_encoders(task, plugins(), tmp_path / "sftsec.yaml", "mail")
        assert task.train.recipe.name == "auto"
