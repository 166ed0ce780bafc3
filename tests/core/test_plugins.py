"""The plugin manager: what it loads, what it refuses, and each hook's way through it."""

from __future__ import annotations

import logging
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from importlib.metadata import EntryPoint, distributions
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import pytest

from sftsec_core.api.contracts import (
    AttackSpec,
    ConnectorSpec,
    EmptyConfig,
    ExplainerSpec,
    GpuLease,
    GpuRequest,
    LauncherSpec,
    MetricSpec,
    RecipeSpec,
    StepSpec,
    TaskPreset,
)
from sftsec_core.api.domain import (
    Decision,
    Detection,
    EvalReport,
    Example,
    Incident,
    ModelRef,
    PushReceipt,
    RunInfo,
    Split,
    Suppression,
    TaskSpec,
    Vote,
)
from sftsec_core.api.errors import NotFoundError, PluginError
from sftsec_core.api.hookspecs import hookimpl
from sftsec_core.api.settings.task import GateSettings, SplitSettings
from sftsec_core.plugins import Plugins, get
from sftsec_core.testing import make_detections, make_examples, make_incidents, make_task

NOW = datetime(2026, 1, 5, tzinfo=UTC)
RUN = RunInfo("20260105T000000-abc", "retrain", "mail", "running", Path("run"), NOW)
MODEL = ModelRef("0" * 64, "mail", "linear", RUN.id, Path("model"), NOW)
REPORT = SimpleNamespace(task="mail")  # the manager hands it through and never looks at it
HEAD = """
from sftsec_core.api.contracts import EmptyConfig, StepSpec
from sftsec_core.api.hookspecs import hookimpl
"""
STEP = """
@hookimpl
def sftsec_register_steps():
    return [StepSpec("wash", "Wash", 300, EmptyConfig, lambda config, context: None)]
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


def test_only_enabled_plugins_are_imported(site: Site) -> None:
    site.install("washer", STEP)
    site.install("bomb", "raise SystemExit('imported')")
    plugins = site.load("washer")
    assert list(plugins.steps()) == ["wash"]
    listed = {s.name: (s.enabled, s.error, s.distribution, s.version) for s in plugins.statuses}
    assert listed == {
        "washer": (True, None, "washer", "1.2"),
        "bomb": (False, None, "bomb", "1.2"),
    }


def test_an_unknown_plugin_is_an_error_that_suggests(site: Site) -> None:
    site.install("washer", STEP)
    with pytest.raises(PluginError, match="unknown plugin 'wahser', did you mean 'washer'"):
        site.load("wahser")


def test_a_plugin_that_fails_to_import_is_recorded_and_the_others_go_on(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    site.install("broken", "import there_is_no_such_module")
    site.install("washer", STEP)
    with caplog.at_level(logging.WARNING):
        plugins = site.load("broken", "washer")
    assert list(plugins.steps()) == ["wash"]
    (status,) = (s for s in plugins.statuses if s.name == "broken")
    assert status.enabled
    assert status.error == "ModuleNotFoundError: No module named 'there_is_no_such_module'"
    assert "broken was not loaded" in caplog.text


def test_a_plugin_with_wrong_arguments_is_recorded_and_leaves_no_half_behind(site: Site) -> None:
    site.install(
        "halved",
        STEP + "@hookimpl\ndef sftsec_run_started(the_run): ...",
    )
    plugins = site.load("halved")
    assert plugins.statuses[0].error is not None
    assert "the_run" in plugins.statuses[0].error
    assert plugins.steps() == {}


def test_a_misspelt_hook_is_an_error_that_names_it(site: Site) -> None:
    site.install("misspelt", "@hookimpl\ndef sftsec_register_stepps(): return []")
    with pytest.raises(PluginError, match="sftsec_register_stepps"):
        site.load("misspelt")


def test_two_plugins_of_one_name_are_an_error_that_names_both(site: Site) -> None:
    site.install("washer", STEP, point="wash")
    site.install("cleaner", STEP, point="wash")
    with pytest.raises(PluginError, match="two plugins are named 'wash'") as caught:
        site.load("wash")
    assert "washer 1.2" in str(caught.value)
    assert "cleaner 1.2" in str(caught.value)


def test_two_specs_of_one_name_are_an_error_that_names_both_distributions(site: Site) -> None:
    site.install("washer", STEP)
    site.install("cleaner", STEP)
    plugins = site.load("washer", "cleaner")
    with pytest.raises(PluginError, match="'wash' is registered twice") as caught:
        plugins.steps()
    assert "washer 1.2" in str(caught.value)
    assert "cleaner 1.2" in str(caught.value)


def test_an_added_object_with_a_misspelt_hook_is_refused() -> None:
    class Misspelt:
        @hookimpl
        def sftsec_run_finishd(self) -> None: ...

    with pytest.raises(PluginError, match="sftsec_run_finishd"):
        Plugins.of_modules(Misspelt())


def test_the_same_object_is_not_added_twice() -> None:
    plugin = Everything()
    plugins = Plugins.of_modules(plugin)
    with pytest.raises(PluginError, match="already registered"):
        plugins.add(plugin)


def test_what_is_added_later_is_seen() -> None:
    plugins = Plugins(())
    assert plugins.steps() == {}
    plugins.add(Everything())
    assert list(plugins.steps()) == ["step"]


def test_the_installed_built_ins_load_without_an_error() -> None:
    plugins = Plugins(("core", "files", "pii"))
    assert {s.name: s.error for s in plugins.statuses if s.enabled} == {
        "core": None,
        "files": None,
        "pii": None,
    }


def test_get_suggests_what_was_perhaps_meant() -> None:
    with pytest.raises(NotFoundError, match="unknown recipe 'liner', did you mean 'linear'"):
        get("recipe", "liner", {"linear": 1, "full": 2})
    assert get("recipe", "full", {"linear": 1, "full": 2}) == 2


# --- each hook's way through


def never(*_: Any) -> Any:
    raise AssertionError("the manager calls nothing that a spec holds")


class Everything:
    """One implementation of every hook; remembers what the observers were told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, object]] = []

    @hookimpl
    def sftsec_register_connectors(self) -> Sequence[ConnectorSpec]:
        return [ConnectorSpec("connector", "One", EmptyConfig, never)]

    @hookimpl
    def sftsec_register_steps(self) -> Sequence[StepSpec]:
        return [StepSpec("step", "One", 300, EmptyConfig, never)]

    @hookimpl
    def sftsec_register_recipes(self) -> Sequence[RecipeSpec]:
        return [RecipeSpec("recipe", "One", 1, never, never)]

    @hookimpl
    def sftsec_register_metrics(self) -> Sequence[MetricSpec]:
        return [MetricSpec("metric", "One", True, never)]

    @hookimpl
    def sftsec_register_tasks(self) -> Sequence[TaskPreset]:
        return [TaskPreset("task", "One", {})]

    @hookimpl
    def sftsec_register_attacks(self) -> Sequence[AttackSpec]:
        return [AttackSpec("attack", "One", never)]

    @hookimpl
    def sftsec_register_explainers(self) -> Sequence[ExplainerSpec]:
        return [ExplainerSpec("explainer", "One", never)]

    @hookimpl
    def sftsec_register_launchers(self) -> Sequence[LauncherSpec]:
        return [LauncherSpec("launcher", "One", never)]

    @hookimpl
    def sftsec_register_commands(self, cli: click.Group) -> None:
        cli.add_command(click.Command("wash"))

    @hookimpl
    def sftsec_render_example(self, incident: Incident, task: TaskSpec) -> str | None:
        return f"{task.name}: {incident.uid}"

    @hookimpl
    def sftsec_split_examples(
        self, examples: Sequence[Example], policy: SplitSettings
    ) -> Split | None:
        return Split(examples[:1], examples[1:2], examples[2:], method=f"seed {policy.seed}")

    @hookimpl
    def sftsec_acquire_gpu(self, request: GpuRequest) -> AbstractContextManager[GpuLease] | None:
        return nullcontext(GpuLease(f"cuda:{len(request.run_id)}"))

    @hookimpl
    def sftsec_vote_promotion(
        self, candidate: EvalReport, incumbent: EvalReport | None, policy: GateSettings
    ) -> Vote | Sequence[Vote] | None:
        return Vote("everything", incumbent is None, f"{candidate.task}, {policy.min_labels}")

    @hookimpl
    def sftsec_suppress_detection(self, detection: Detection) -> Suppression | None:
        return Suppression(f"{detection.label} in a maintenance window")

    @hookimpl
    def sftsec_run_started(self, run: RunInfo) -> None:
        self.told.append(("started", run))

    @hookimpl
    def sftsec_step_logged(self, run: RunInfo, step: int, values: Mapping[str, float]) -> None:
        self.told.append(("step", (run, step, values)))

    @hookimpl
    def sftsec_run_finished(self, run: RunInfo, report: EvalReport | None) -> None:
        self.told.append(("finished", (run, report)))

    @hookimpl
    def sftsec_model_promoted(
        self, model: ModelRef, previous: ModelRef | None, decision: Decision | None
    ) -> None:
        self.told.append(("promoted", (model, previous, decision)))

    @hookimpl
    def sftsec_detections_pushed(self, connector: str, receipt: PushReceipt) -> None:
        self.told.append(("pushed", (connector, receipt)))


class Nothing:
    """Implements every hook that may pass, and passes."""

    @hookimpl
    def sftsec_register_steps(self) -> Sequence[StepSpec] | None:
        return None

    @hookimpl
    def sftsec_render_example(self) -> None: ...

    @hookimpl
    def sftsec_split_examples(self) -> None: ...

    @hookimpl
    def sftsec_acquire_gpu(self) -> None: ...

    @hookimpl
    def sftsec_vote_promotion(self) -> None: ...

    @hookimpl
    def sftsec_suppress_detection(self) -> None: ...


class Raises:
    """Fails wherever it is asked."""

    @hookimpl
    def sftsec_vote_promotion(self) -> Vote:
        raise RuntimeError("no opinion\nat all")

    @hookimpl
    def sftsec_run_started(self) -> None:
        raise RuntimeError("the tracker is away")


KINDS = (
    "connectors", "steps", "recipes", "metrics", "tasks", "attacks", "explainers", "launchers",
)  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_registered_specs_are_found_by_name(kind: str) -> None:
    specs = getattr(Plugins.of_modules(Everything(), Nothing()), kind)()
    assert list(specs) == [kind.removesuffix("s")]
    assert specs[kind.removesuffix("s")].summary == "One"


@pytest.mark.parametrize("kind", KINDS)
def test_without_plugins_nothing_is_registered(kind: str) -> None:
    assert getattr(Plugins(()), kind)() == {}


def test_a_plugin_is_asked_for_its_specs_once() -> None:
    asked = []

    class Counts:
        @hookimpl
        def sftsec_register_steps(self) -> Sequence[StepSpec]:
            asked.append(1)
            return []

    plugins = Plugins.of_modules(Counts())
    plugins.steps()
    plugins.steps()
    assert len(asked) == 1


def test_a_plugin_adds_a_command() -> None:
    root = click.Group("sftsec")
    Plugins.of_modules(Everything()).register_commands(root)
    assert list(root.commands) == ["wash"]


def test_a_plugin_that_takes_a_taken_command_is_refused() -> None:
    root = click.Group("sftsec", commands=[click.Command("wash")])
    with pytest.raises(PluginError, match="replaces the command 'wash'"):
        Plugins.of_modules(Everything()).register_commands(root)


def test_the_first_text_wins_and_the_last_registered_is_asked_first() -> None:
    class Second:
        @hookimpl
        def sftsec_render_example(self, incident: Incident) -> str | None:
            return "second" if incident.uid.endswith("0") else None

    plugins = Plugins.of_modules(Everything(), Second(), Nothing())
    even, odd = make_incidents(2)
    assert plugins.renders()
    assert plugins.render_example(even, make_task()) == "second"
    assert plugins.render_example(odd, make_task()) == "made-up: incident-00001"


def test_a_split_lease_and_suppression_come_from_the_first_plugin_that_has_one() -> None:
    plugins = Plugins.of_modules(Everything(), Nothing())
    split = plugins.split_examples(make_examples(5), SplitSettings(seed=4))
    assert split is not None
    assert [len(part) for _, part in split.parts()] == [1, 1, 3]
    assert split.method == "seed 4"
    lease = plugins.acquire_gpu(GpuRequest("abc", "mail"))
    assert lease is not None
    with lease as held:
        assert held.device == "cuda:3"
    assert plugins.suppress_detection(make_detections(1)[0]) == Suppression(
        "malicious in a maintenance window"
    )


def test_when_all_pass_there_is_no_decision() -> None:
    plugins = Plugins.of_modules(Nothing())
    assert plugins.render_example(make_incidents(1)[0], make_task()) is None
    assert plugins.split_examples([], SplitSettings()) is None
    assert plugins.acquire_gpu(GpuRequest("abc", "mail")) is None
    assert plugins.suppress_detection(make_detections(1)[0]) is None
    assert not Plugins(()).renders()


def test_every_voter_is_asked_and_an_exception_is_an_answer() -> None:
    plugins = Plugins(())
    for name, plugin in (("all", Everything()), ("raises", Raises()), ("none", Nothing())):
        plugins.add(plugin, name)
    report: Any = REPORT
    answers = dict(plugins.vote_promotion(report, None, GateSettings(min_labels=7)))
    assert answers["all"] == Vote("everything", True, "mail, 7")
    assert answers["none"] is None
    assert isinstance(answers["raises"], RuntimeError)


def test_an_observer_that_raises_is_logged_and_stops_nobody(
    caplog: pytest.LogCaptureFixture,
) -> None:
    first, last = Everything(), Everything()
    plugins = Plugins(())
    for name, plugin in (("first", first), ("tracker", Raises()), ("last", last)):
        plugins.add(plugin, name)
    with caplog.at_level(logging.WARNING):
        plugins.run_started(RUN)
    assert first.told == last.told == [("started", RUN)]
    assert "plugin tracker failed in sftsec_run_started: the tracker is away" in caplog.text


def test_observers_are_told_everything_they_may_know() -> None:
    observer = Everything()
    plugins = Plugins.of_modules(observer)
    decision = Decision(approved=True, votes=())
    receipt = PushReceipt(("uid",))
    report: Any = REPORT
    plugins.step_logged(RUN, 3, {"loss": 0.5})
    plugins.run_finished(RUN, report)
    plugins.run_finished(RUN, None)
    plugins.model_promoted(MODEL, None, decision)
    plugins.detections_pushed("siem", receipt)
    assert observer.told == [
        ("step", (RUN, 3, {"loss": 0.5})),
        ("finished", (RUN, report)),
        ("finished", (RUN, None)),
        ("promoted", (MODEL, None, decision)),
        ("pushed", ("siem", receipt)),
    ]
