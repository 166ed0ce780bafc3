"""Check, before anything is touched, all that a configuration names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from sftsec_core.api.contracts import (
    BUILT_IN_SPLITS,
    AuditSpec,
    CalibratorSpec,
    ConnectorSpec,
    DeciderSpec,
    ExplainerSpec,
    LauncherSpec,
    MetricSpec,
    RecipeSpec,
    RendererSpec,
    Spec,
    SplitterSpec,
    StepSpec,
    SuppressorSpec,
    TransformSpec,
    VoterSpec,
)
from sftsec_core.api.domain import InputKind, baseline_recipe
from sftsec_core.api.errors import ConfigError, PluginError, unknown
from sftsec_core.config.load import load_settings, validate
from sftsec_core.plugins import Plugins, get
from sftsec_core.recipes.chosen import chosen_recipes, encoders_in, unread_note

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import BaseModel

    from sftsec_core.api.settings.choice import Choice
    from sftsec_core.api.settings.task import TaskSettings
    from sftsec_core.config.settings import Settings

_KEYS = {
    InputKind.TEXT: "text",
    InputKind.NUMBER: "numbers",
    InputKind.CATEGORY: "categories",
    InputKind.IMAGE: "images",
}
SpecT = TypeVar("SpecT", bound=Spec[Any])
Named = tuple[type[Spec[Any]], str, Mapping[str, Any], tuple[str, ...]]


def read(file: Path) -> tuple[Settings, Plugins]:
    """Read a configuration and load the plugins that it enables.

    Raises:
        ConfigError: when the configuration is wrong.
        PluginError: when an enabled plugin is broken or missing, or two clash.
    """
    settings = load_settings(file)
    plugins = Plugins(settings.plugins, base=file.resolve().parent)
    plugins.require()
    return _with_entities(settings, plugins, file), plugins


def _with_entities(settings: Settings, plugins: Plugins, file: Path) -> Settings:
    """Let tasks that do not say `keep` keep what their connectors suggest.

    A type of connector that is not known is the business of `check_against_plugins`.
    """
    specs = plugins.specs(ConnectorSpec)
    offered: dict[str, Sequence[str]] = {}
    for name, chosen in settings.connectors.items():
        spec = specs.get(chosen.type)
        if spec is not None and spec.default_keep is not None:
            config = connector_config(settings, plugins, file, name)[1]
            offered[name] = spec.default_keep(config)
    tasks = {name: _keeping(task, offered) for name, task in settings.tasks.items()}
    return settings.model_copy(update={"tasks": tasks})


def _keeping(task: TaskSettings, offered: Mapping[str, Sequence[str]]) -> TaskSettings:
    if "keep" in task.model_fields_set:
        return task
    names = (each for name in task.connectors for each in offered.get(name, ()))
    kept = tuple(each for each in dict.fromkeys(names) if each not in task.read_fields)
    return task.model_copy(update={"keep": kept}) if kept else task


def check_against_plugins(settings: Settings, plugins: Plugins, file: Path) -> None:
    """Check what only the plugins know: names of specs, and the settings of each.

    Raises:
        ConfigError: naming the file, the path in it and what is allowed.
    """
    for name in settings.connectors:
        connector_config(settings, plugins, file, name)
    for name, task in settings.tasks.items():
        for kind, spec_name, options, place in named_by(task):
            path = ("tasks", name, *place)
            spec = _known(plugins, kind, spec_name, file, path)
            config = validate(spec.config_model, options, file=file, path=path)
            _check_groups(spec, config, task, file, path)
            if isinstance(spec, RecipeSpec):
                _check_kinds(spec, task, file, path)
            if isinstance(spec, TransformSpec) and spec.check is not None:
                try:
                    spec.check(config, task.inputs)
                except ConfigError as error:
                    raise ConfigError(str(error), file=file, path=".".join(path)) from error
        _check_images(plugins, task, file, name)
        _check_voters(plugins, task, file, name)
        _check_gpus(plugins, task, file, name)


def _check_groups(
    spec: Spec[Any], config: BaseModel, task: TaskSettings, file: Path, path: tuple[str, ...]
) -> None:
    """What groups incidents by a field needs it kept beside them."""
    known = task.evaluation.groups
    if lacking := [name for name in spec.groups_by(config) if name not in known]:
        wanted = ", ".join((*known, *lacking))
        raise ConfigError(
            f"{spec.kind} {spec.name!r} groups by {lacking[0]!r}, which the task's evaluation does "
            f"not name: write `evaluation: {{groups: [{wanted}]}}`",
            file=file,
            path=".".join(path),
        )


def _check_kinds(
    spec: RecipeSpec[Any], task: TaskSettings, file: Path, path: tuple[str, ...]
) -> None:
    """A recipe must read something of the task."""
    if not spec.reads(task.inputs):
        kinds = spec.kinds if spec.main_kinds is None else spec.main_kinds
        wanted = " or ".join(f"`{_KEYS[kind]}`" for kind in sorted(kinds) if kind in _KEYS)
        raise ConfigError(
            f"recipe {spec.name!r} reads {wanted}, and the task names none",
            file=file,
            path=".".join(path),
        )


def _check_images(plugins: Plugins, task: TaskSettings, file: Path, name: str) -> None:
    """An image is written and read only after a step that decodes it within limits."""
    specs = plugins.specs(StepSpec)
    checked = {kind for step in task.steps for kind in specs[step].checks}
    if task.images and InputKind.IMAGE not in checked:
        able = [each.name for each in specs.values() if InputKind.IMAGE in each.checks]
        todo = f"add `{able[0]}: {{}}`" if able else "enable a plugin with one, such as `vision`"
        raise ConfigError(
            f"`images` are read only after a step that checks them: {todo}",
            file=file,
            path=f"tasks.{name}.steps",
        )


def _check_gpus(plugins: Plugins, task: TaskSettings, file: Path, name: str) -> None:
    """Some recipe of the task must be able to use as many GPUs as it asks for."""
    wanted, specs = task.train.needs.gpus, plugins.specs(RecipeSpec)
    chosen = (task.train.recipe, *task.train.compare)
    most = max(specs[choice.name].max_gpus for choice in chosen)
    if wanted > max(1, most):
        raise ConfigError(
            f"recipe {task.train.recipe.name!r} uses {most} GPU at most, not {wanted}",
            file=file,
            path=f"tasks.{name}.train.needs.gpus",
        )


def unread_inputs(settings: Settings, plugins: Plugins) -> list[str]:
    """A line for each recipe of a task that leaves some of its inputs unread."""
    specs = plugins.specs(RecipeSpec)
    return [
        f"tasks.{name}.train: {note}"
        for name, task in settings.tasks.items()
        for choice in (task.train.recipe, *task.train.compare)
        if (note := unread_note(specs[choice.name], task.inputs))
    ]


def _check_voters(plugins: Plugins, task: TaskSettings, file: Path, name: str) -> None:
    """Every voter of an enabled plugin votes, so each must accept the settings that it has."""
    for voter, spec in plugins.specs(VoterSpec).items():
        path = ("tasks", name, "gate", "voters", voter)
        validate(spec.config_model, task.gate.voters.get(voter, {}), file=file, path=path)


def check_requirements(task: TaskSettings, plugins: Plugins) -> None:
    """Check that everything a task names can be imported, before anything is pulled.

    Raises:
        PluginError: naming each missing module and the command that installs it.
    """
    missing = [
        complaint
        for kind, name, _, _ in named_by(task)
        if (spec := plugins.specs(kind).get(name)) and (complaint := spec.missing())
    ]
    if task.labelling_functions:
        from sftsec_core.dataset.labelling.functions import missing_requirement  # imports numpy

        missing += filter(None, [missing_requirement(task.labelling_functions)])
    if missing:
        raise PluginError("; ".join(dict.fromkeys(missing)))


def check_labelling(task: TaskSettings, file: Path, name: str) -> None:
    """Check that a task's labelling functions compile and that their lists are there.

    Raises:
        ConfigError: naming the file, the path in it and what to do.
    """
    if task.labelling_functions:
        from sftsec_core.dataset.labelling.functions import FunctionsPlace, check_functions

        check_functions(task.labelling_functions, FunctionsPlace(file, name))


def check_encoders(task: TaskSettings, plugins: Plugins, file: Path, name: str) -> None:
    """Check that the encoders that a task's recipes and transforms name read windows so long.

    Raises:
        ConfigError: naming the file, the path in it and what is allowed.
        IntegrityError: when an encoder's folder is damaged.
    """
    for kind, chosen, options, place in named_by(task):
        if not issubclass(kind, RecipeSpec | TransformSpec):
            continue
        config = plugins.specs(kind)[chosen].configure(options, base=plugins.base)
        for key, encoder in encoders_in(config):
            from sftsec_core.recipes import encoder_files  # imports numpy

            try:
                with encoder_files.encoders_relative_to(plugins.base):
                    encoder_files.check_encoder_folder(encoder)
            except ConfigError as error:
                path = ".".join(("tasks", name, *place, key, "max_length"))
                raise ConfigError(str(error), file=file, path=path) from error


def named_by(task: TaskSettings) -> Iterator[Named]:
    """Everything that a task names: its kind, its name, its settings, and where they stand."""
    by_name: tuple[
        tuple[type[Spec[Any]], Mapping[str, Mapping[str, Any]], tuple[str, ...]], ...
    ] = (
        (StepSpec, task.steps, ("steps",)),
        (SuppressorSpec, task.suppress, ("suppress",)),
        (VoterSpec, task.gate.voters, ("gate", "voters")),
        (AuditSpec, task.evaluation.audits, ("evaluation", "audits")),
        (MetricSpec, task.evaluation.metrics, ("evaluation", "metrics")),
    )
    for kind, chosen, place in by_name:
        for name, options in chosen.items():
            yield kind, name, options, (*place, name)
    for choice in chosen_recipes(task.train, baseline_recipe(task.inputs)).values():
        yield _chosen(RecipeSpec, choice, ("train", "recipe"))
    for number, choice in enumerate(task.train.transforms):
        yield _chosen(TransformSpec, choice, ("train", "transforms", str(number)))
    yield _chosen(LauncherSpec, task.train.launcher, ("train", "launcher"))
    if task.render is not None:
        yield _chosen(RendererSpec, task.render, ("render",))
    if task.explain is not None:
        yield _chosen(ExplainerSpec, task.explain, ("explain",))
    if task.split.method not in BUILT_IN_SPLITS:
        yield SplitterSpec, task.split.method, task.split.options(), ("split",)
    yield _chosen(CalibratorSpec, task.calibrator, ("calibrator",))
    yield _chosen(DeciderSpec, task.decider, ("decider",))


def _chosen(kind: type[Spec[Any]], choice: Choice, place: tuple[str, ...]) -> Named:
    return kind, choice.name, choice.options(), place


def connector_config(
    settings: Settings, plugins: Plugins, file: Path, name: str
) -> tuple[ConnectorSpec[Any], BaseModel]:
    """A connector's spec and its checked configuration.

    Raises:
        NotFoundError: when the configuration names no such connector.
        ConfigError: when its type is unknown or its keys are wrong.
    """
    chosen = get("connector", name, settings.connectors)
    path = ("connectors", name)
    spec = _known(plugins, ConnectorSpec, chosen.type, file, (*path, "type"))
    return spec, validate(spec.config_model, chosen.options(), file=file, path=path)


def _known(
    plugins: Plugins, kind: type[SpecT], name: str, file: Path, path: tuple[str, ...]
) -> SpecT:
    specs = plugins.specs(kind)
    if name not in specs:
        idle = ", ".join(sorted(each.name for each in plugins.statuses if not each.enabled))
        perhaps = f"; installed but not in `plugins`: {idle}" if idle else ""
        told = f"{unknown(kind.kind, name, specs)}{perhaps}"
        raise ConfigError(told, file=file, path=".".join(path))
    return specs[name]
