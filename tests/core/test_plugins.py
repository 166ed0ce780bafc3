"""The plugin manager: what it loads, what it refuses, and each hook's way through it."""

from __future__ import annotations

import logging
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from importlib.metadata import EntryPoint, distributions
from pathlib import Path
from typing import Any

import click
import pytest

from sftsec_core.api.contracts import (
    AttackSpec,
    AuditSpec,
    CalibratorSpec,
    ConnectorSpec,
    DeciderSpec,
    ExplainerSpec,
    GpuLease,
    GpuRequest,
    LauncherSpec,
    MetricSpec,
    RecipeSpec,
    RendererSpec,
    Spec,
    SplitterSpec,
    StepSpec,
    SuppressorSpec,
    TaskPreset,
    TransformSpec,
    VoterSpec,
)
from sftsec_core.api.domain import Event, ModelPromoted
from sftsec_core.api.errors import NotFoundError, PluginError
from sftsec_core.api.hookspecs import hookimpl
from sftsec_core.plugins import KINDS, Plugins, get

NOW = datetime(2026, 1, 5, tzinfo=UTC)
EVENT = ModelPromoted(digest="0" * 64, recipe="linear", previous=None, by="ann", reason="gate")
HEAD = """
from sftsec_core.api.contracts import MetricSpec, StepSpec
from sftsec_core.api.hookspecs import hookimpl
"""
STEP = """
@hookimpl
def sftsec_register_steps():
    return [StepSpec(name="wash", summary="Wash", order=300, create=lambda config, context: None)]
"""


class Site:
    """A folder with installed distributions, as `importlib.metadata` finds them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def install(self, name: str, body: str, *, point: str | None = None) -> None:
        module = name.replace("-", "_")
        (self.folder / f"{module}.py").write_text(HEAD + textwrap.dedent(body), encoding="utf-8")
        info = self.folder / f"{module}-1.2.dist-info"
        info.mkdir()
        metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n"
        (info / "METADATA").write_text(metadata, encoding="utf-8")
        entry = f"[sftsec]\n{point or module} = {module}\n"
        (info / "entry_points.txt").write_text(entry, encoding="utf-8")

    def points(self) -> list[EntryPoint]:
        found = distributions(path=[str(self.folder)])
        return [point for distribution in found for point in distribution.entry_points]

    def load(self, *enabled: str) -> Plugins:
        return Plugins(enabled, found=self.points())


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    import sys

    before = set(sys.modules)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield Site(tmp_path)
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


# --- loading


class TestLoading:
    def test_imports_only_enabled_plugins(self, site: Site) -> None:
        site.install("washer", STEP)
        site.install("bomb", "raise SystemExit('imported')")
        plugins = site.load("washer")
        assert list(plugins.specs(StepSpec)) == ["wash"]
        listed = {s.name: (s.enabled, s.error, s.distribution, s.version) for s in plugins.statuses}
        assert listed == {
            "washer": (True, None, "washer", "1.2"),
            "bomb": (False, None, "bomb", "1.2"),
        }


# --- what is enabled must be whole

BROKEN = {
    "an import that fails": (
        "import there_is_no_such_module",
        "ModuleNotFoundError: No module named 'there_is_no_such_module'",
    ),
    "a misspelt hook": ("@hookimpl\ndef sftsec_register_stepps(): return []", "stepps"),
    "a wrong argument": (f"{STEP}@hookimpl\ndef sftsec_event(the_event): ...", "the_event"),
    "a spec of another type": (
        "@hookimpl\ndef sftsec_register_steps(): return ['wash']",
        "sftsec_register_steps returns a str, not a StepSpec",
    ),
    "no list of specs": (
        "@hookimpl\ndef sftsec_register_steps(): return 5",
        "sftsec_register_steps returns a int, not a list of specs",
    ),
    "a core metric's name": (
        "@hookimpl\ndef sftsec_register_metrics():\n    return [MetricSpec(name='recall', "
        "summary='1', higher_is_better=True, compute=lambda *_: 1.0)]",
        "metric 'recall' is a name of the core",
    ),
}


class TestRequire:
    def test_refuses_an_unknown_plugin_and_suggests(self, site: Site) -> None:
        site.install("washer", STEP)
        plugins = site.load("wahser")
        with pytest.raises(PluginError, match="unknown plugin 'wahser', did you mean 'washer'"):
            plugins.require()

    @pytest.mark.parametrize("fault", BROKEN)
    def test_names_the_broken_plugin_and_the_cause(self, site: Site, fault: str) -> None:
        body, cause = BROKEN[fault]
        site.install("broken", body)
        site.install("washer", STEP)
        plugins = site.load("broken", "washer")
        with pytest.raises(PluginError, match="plugin 'broken'") as caught:
            plugins.require()
        assert cause in str(caught.value)
        assert "\n" not in str(caught.value)

    @pytest.mark.parametrize("fault", BROKEN)
    def test_statuses_still_show_all(self, site: Site, fault: str) -> None:
        body, cause = BROKEN[fault]
        site.install("broken", body)
        site.install("washer", STEP)
        plugins = site.load("broken", "washer")
        (status,) = (s for s in plugins.statuses if s.name == "broken")
        assert status.enabled
        assert status.error is not None
        assert cause in status.error
        assert list(plugins.specs(StepSpec)) == ["wash"], "nothing of the broken one is left"

    def test_accepts_whole_plugins(self, site: Site) -> None:
        site.install("washer", STEP)
        site.load("washer").require()
        assert site.load("washer").versions() == {"washer": "1.2"}


class TestAdd:
    def test_object_with_misspelt_hook_is_refused(self) -> None:
        class Misspelt:
            @hookimpl
            def sftsec_run_finishd(self) -> None: ...

        with pytest.raises(PluginError, match="sftsec_run_finishd"):
            Plugins.of_modules(Misspelt())

    def test_second_addition_is_refused(self) -> None:
        plugin = Everything()
        plugins = Plugins.of_modules(plugin)
        with pytest.raises(PluginError, match="already registered"):
            plugins.add(plugin)

    def test_object_added_later_is_seen(self) -> None:
        plugins = Plugins(())
        assert plugins.specs(StepSpec) == {}
        plugins.add(Everything())
        assert list(plugins.specs(StepSpec)) == ["step"]

    def test_installed_built_ins_load(self) -> None:
        plugins = Plugins(("core", "files", "pii"))
        assert {s.name: s.error for s in plugins.statuses if s.enabled} == {
            "core": None,
            "files": None,
            "pii": None,
        }


class TestNames:
    def test_error_names_both_plugins(self, site: Site) -> None:
        site.install("washer", STEP, point="wash")
        site.install("cleaner", STEP, point="wash")
        with pytest.raises(PluginError, match="two plugins are named 'wash'") as caught:
            site.load("wash")
        assert "washer 1.2" in str(caught.value)
        assert "cleaner 1.2" in str(caught.value)

    def test_error_names_distributions_of_both_specs(self, site: Site) -> None:
        site.install("washer", STEP)
        site.install("cleaner", STEP)
        plugins = site.load("washer", "cleaner")
        with pytest.raises(PluginError, match="step 'wash' is registered twice") as caught:
            plugins.require()
        assert "washer 1.2" in str(caught.value)
        assert "cleaner 1.2" in str(caught.value)

    def test_get_suggests_the_nearest(self) -> None:
        with pytest.raises(NotFoundError, match="unknown recipe 'liner', did you mean 'linear'"):
            get("recipe", "liner", {"linear": 1, "full": 2})
        assert get("recipe", "full", {"linear": 1, "full": 2}) == 2


# --- each hook's way through


def never(*_: Any) -> Any:
    raise AssertionError("the manager calls nothing that a spec holds")


class Everything:
    """One implementation of every hook; remembers what the observers were told."""

    def __init__(self) -> None:
        self.told: list[Event] = []

    @hookimpl
    def sftsec_register_connectors(self) -> Sequence[ConnectorSpec[Any]]:
        return [ConnectorSpec(name="connector-type", summary="One", create=never)]

    @hookimpl
    def sftsec_register_steps(self) -> Sequence[StepSpec[Any]]:
        return [StepSpec(name="step", summary="One", order=300, create=never)]

    @hookimpl
    def sftsec_register_recipes(self) -> Sequence[RecipeSpec[Any]]:
        return [RecipeSpec(name="recipe", summary="One", inference_cost=1, fit=never, load=never)]

    @hookimpl
    def sftsec_register_metrics(self) -> Sequence[MetricSpec[Any]]:
        return [MetricSpec(name="metric", summary="One", higher_is_better=True, compute=never)]

    @hookimpl
    def sftsec_register_calibrators(self) -> Sequence[CalibratorSpec[Any]]:
        return [CalibratorSpec(name="calibrator", summary="One", fit=never, load=never)]

    @hookimpl
    def sftsec_register_deciders(self) -> Sequence[DeciderSpec[Any]]:
        return [DeciderSpec(name="decider", summary="One", fit=never, load=never)]

    @hookimpl
    def sftsec_register_attacks(self) -> Sequence[AttackSpec[Any]]:
        return [AttackSpec(name="attack", summary="One", kinds=frozenset(), rewrite=never)]

    @hookimpl
    def sftsec_register_explainers(self) -> Sequence[ExplainerSpec[Any]]:
        return [ExplainerSpec(name="explainer", summary="One", explain=never)]

    @hookimpl
    def sftsec_register_audits(self) -> Sequence[AuditSpec[Any]]:
        return [AuditSpec(name="audit", summary="One", run=never)]

    @hookimpl
    def sftsec_register_renderers(self) -> Sequence[RendererSpec[Any]]:
        return [RendererSpec(name="renderer", summary="One", render=never)]

    @hookimpl
    def sftsec_register_splitters(self) -> Sequence[SplitterSpec[Any]]:
        return [SplitterSpec(name="splitter", summary="One", split=never)]

    @hookimpl
    def sftsec_register_transforms(self) -> Sequence[TransformSpec[Any]]:
        return [TransformSpec(name="transform", summary="One", run=never)]

    @hookimpl
    def sftsec_register_voters(self) -> Sequence[VoterSpec[Any]]:
        return [VoterSpec(name="voter", summary="One", vote=never)]

    @hookimpl
    def sftsec_register_suppressors(self) -> Sequence[SuppressorSpec[Any]]:
        return [SuppressorSpec(name="suppressor", summary="One", suppress=never)]

    @hookimpl
    def sftsec_register_launchers(self) -> Sequence[LauncherSpec[Any]]:
        return [LauncherSpec(name="launcher", summary="One", run=never)]

    @hookimpl
    def sftsec_register_tasks(self) -> Sequence[TaskPreset]:
        return [TaskPreset(name="task-preset", summary="One", body={})]

    @hookimpl
    def sftsec_register_commands(self, cli: click.Group) -> None:
        cli.add_command(click.Command("wash"))

    @hookimpl
    def sftsec_acquire_gpu(self, request: GpuRequest) -> AbstractContextManager[GpuLease] | None:
        return nullcontext(GpuLease(f"cuda:{len(request.run_id)}"))

    @hookimpl
    def sftsec_event(self, event: Event) -> None:
        self.told.append(event)


class Nothing:
    """Implements every hook that may pass, and passes."""

    @hookimpl
    def sftsec_register_steps(self) -> Sequence[StepSpec[Any]] | None:
        return None

    @hookimpl
    def sftsec_acquire_gpu(self) -> None: ...


class Raises:
    """Fails wherever it is asked."""

    @hookimpl
    def sftsec_event(self) -> None:
        raise RuntimeError("the tracker is away")


class TestSpecs:
    @pytest.mark.parametrize("kind", KINDS)
    def test_are_found_by_name(self, kind: type[Spec[Any]]) -> None:
        specs = Plugins.of_modules(Everything(), Nothing()).specs(kind)
        assert list(specs) == [kind.kind.replace(" ", "-")]
        assert specs[kind.kind.replace(" ", "-")].summary == "One"

    @pytest.mark.parametrize("kind", KINDS)
    def test_are_none_without_plugins(self, kind: type[Spec[Any]]) -> None:
        assert Plugins(()).specs(kind) == {}

    def test_know_the_plugin_that_registers(self) -> None:
        plugins = Plugins(())
        plugins.add(Everything(), "everything")
        step = plugins.specs(StepSpec)["step"]
        assert plugins.provider(step) == "everything"
        assert plugins.provider(StepSpec(name="step", summary="x", order=1, create=never)) == ""

    def test_are_asked_for_once(self) -> None:
        asked = []

        class Counts:
            @hookimpl
            def sftsec_register_steps(self) -> Sequence[StepSpec[Any]]:
                asked.append(1)
                return []

        plugins = Plugins.of_modules(Counts())
        plugins.specs(StepSpec)
        plugins.specs(StepSpec)
        assert len(asked) == 1


class TestCommands:
    def test_plugin_adds_a_command(self) -> None:
        root = click.Group("sftsec")
        Plugins.of_modules(Everything()).register_commands(root)
        assert list(root.commands) == ["wash"]

    def test_taken_command_is_refused(self) -> None:
        root = click.Group("sftsec", commands=[click.Command("wash")])
        with pytest.raises(PluginError, match="replaces the command 'wash'"):
            Plugins.of_modules(Everything()).register_commands(root)


class TestOtherHooks:
    def test_first_lease_that_is_offered_counts(self) -> None:
        plugins = Plugins.of_modules(Everything(), Nothing())
        lease = plugins.acquire_gpu(GpuRequest("abc", "mail"))
        assert lease is not None
        with lease as held:
            assert held.device == "cuda:3"
        assert Plugins.of_modules(Nothing()).acquire_gpu(GpuRequest("abc", "mail")) is None

    def test_failing_observer_is_logged_and_passed_over(
        self,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        first, last = Everything(), Everything()
        plugins = Plugins(())
        for name, plugin in (("first", first), ("tracker", Raises()), ("last", last)):
            plugins.add(plugin, name)
        with caplog.at_level(logging.WARNING):
            plugins.event(EVENT)
        assert first.told == last.told == [EVENT]
        assert "plugin tracker failed in sftsec_event: the tracker is away" in caplog.text
