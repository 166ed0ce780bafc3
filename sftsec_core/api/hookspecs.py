"""Every hook: when it is called, how often, with what, what None means, who may implement it.

A plugin is a module with functions of these names, marked `@hookimpl`, reached by an entry
point in the group `sftsec`. An implementation may leave out arguments, not rename them.

A spec is a signature: pluggy never calls it. `raise NotImplementedError` is all the body that a
function with a return type may have.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    import click

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
        SplitterSpec,
        StepSpec,
        SuppressorSpec,
        TaskPreset,
        TransformSpec,
        VoterSpec,
    )
    from sftsec_core.api.domain import Event

PROJECT = "sftsec"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


# --- registration: called once a process, after the enabled plugins are loaded -------------------


@hookspec
def sftsec_register_connectors() -> Sequence[ConnectorSpec[Any]]:
    """Offer kinds of connector, for `connectors.NAME.type` of the configuration.

    Called once a process, when the plugins are loaded. A connector is opened when a command needs
    it. None is taken as empty. Anyone may implement it; names are unique.

    Example::

        @hookimpl
        def sftsec_register_connectors() -> Sequence[ConnectorSpec[Any]]:
            return [ConnectorSpec(name="my_siem", summary="My SIEM", create=MySiem)]
    """
    raise NotImplementedError


@hookspec
def sftsec_register_steps() -> Sequence[StepSpec[Any]]:
    """Offer transforms of incidents, for `tasks.NAME.steps`.

    Called once a process, when the plugins are loaded. A step runs on each page before the first
    write to disk, by `order` (100 normalise, 200 redact, 250 decode), and again on what is
    scored. None is taken as empty. Anyone may implement it; names are unique.

    Example::

        @hookimpl
        def sftsec_register_steps() -> Sequence[StepSpec[Any]]:
            return [StepSpec(name="defang", summary="Defang URLs", order=300, create=Defang)]
    """
    raise NotImplementedError


@hookspec
def sftsec_register_recipes() -> Sequence[RecipeSpec[Any]]:
    """Offer ways to make a model, for `tasks.NAME.train.recipe`.

    Called once a process, when the plugins are loaded. Import torch inside `fit` and `load`, not
    here. None is taken as empty. Anyone may implement it; names are unique.

    Example::

        @hookimpl
        def sftsec_register_recipes() -> Sequence[RecipeSpec[Any]]:
            return [RecipeSpec(name="nb", summary="Bayes", inference_cost=1, fit=fit, load=load)]
    """
    raise NotImplementedError


@hookspec
def sftsec_register_metrics() -> Sequence[MetricSpec[Any]]:
    """Offer figures of quality, in every report with their intervals.

    Called once a process, when the plugins are loaded. A metric is computed about two thousand
    times a report (bootstrap): keep it vectorised. A core metric's name is refused. None is taken
    as empty. Anyone may implement it; names are unique.

    Example::

        @hookimpl
        def sftsec_register_metrics() -> Sequence[MetricSpec[Any]]:
            return [MetricSpec(name="brier", summary="Brier", higher_is_better=False, compute=f)]
    """
    raise NotImplementedError


@hookspec
def sftsec_register_audits() -> Sequence[AuditSpec[Any]]:
    """Offer further looks at a candidate, for `tasks.NAME.evaluation.audits`.

    Called once a process, when the plugins are loaded. An audit runs once an evaluation, only for a
    task that names it; its section stands in the report, where voters read it. None is taken as
    empty. Anyone may implement it; names are unique.

    Example::

        @hookimpl
        def sftsec_register_audits() -> Sequence[AuditSpec[Any]]:
            return [AuditSpec(name="lengths", summary="Errors by text length", run=run)]
    """
    raise NotImplementedError


@hookspec
def sftsec_register_attacks() -> Sequence[AttackSpec[Any]]:
    """Offer ways to disguise a text that keep what it does; audits such as `disguise` try them.

    Called once a process, when the plugins are loaded. An audit calls an attack many times a row of
    test, in search of a rewriting that the candidate misses. None is taken as empty. Anyone may
    implement it; names are unique.

    Example::

        @hookimpl
        def sftsec_register_attacks() -> Sequence[AttackSpec[Any]]:
            kinds = frozenset({"prose"})
            return [AttackSpec(name="caps", summary="Capitals", kinds=kinds, rewrite=caps)]
    """
    raise NotImplementedError


@hookspec
def sftsec_register_renderers() -> Sequence[RendererSpec[Any]]:
    """Offer ways to render an incident as text, for `tasks.NAME.render`.

    Called once a process, when the plugins are loaded. A renderer is called once an incident, in
    training and again in scoring. None is taken as empty. Anyone may implement it; names are
    unique.

    Example::

        @hookimpl
        def sftsec_register_renderers() -> Sequence[RendererSpec[Any]]:
            return [RendererSpec(name="first_line", summary="First line", render=first_line)]
    """
    raise NotImplementedError


@hookspec
def sftsec_register_calibrators() -> Sequence[CalibratorSpec[Any]]:
    """Offer ways to calibrate probabilities, for `tasks.NAME.calibrator`.

    Called once a process, when the plugins are loaded. A calibrator is fitted once a model, on
    dev, and applied to every batch that is scored. None is taken as empty. Anyone may implement
    it; names are unique.

    Example::

        @hookimpl
        def sftsec_register_calibrators() -> Sequence[CalibratorSpec[Any]]:
            return [CalibratorSpec(name="isotonic", summary="Isotonic", fit=fit, load=load)]
    """
    raise NotImplementedError


@hookspec
def sftsec_register_deciders() -> Sequence[DeciderSpec[Any]]:
    """Offer ways to decide on an incident: dismiss, review or alert; for `tasks.NAME.decider`.

    Called once a process, when the plugins are loaded. A decider is fitted once a model, on dev,
    and applied to every batch that is scored. None is taken as empty. Anyone may implement it;
    names are unique.

    Example::

        @hookimpl
        def sftsec_register_deciders() -> Sequence[DeciderSpec[Any]]:
            return [DeciderSpec(name="conformal", summary="Conformal sets", fit=fit, load=load)]
    """
    raise NotImplementedError


@hookspec
def sftsec_register_splitters() -> Sequence[SplitterSpec[Any]]:
    """Offer ways to divide examples, for `tasks.NAME.split.method`.

    Called once a process, when the plugins are loaded. A splitter is called once a dataset build;
    the leak check follows. None is taken as empty. Anyone may implement it; names are unique.

    Example::

        @hookimpl
        def sftsec_register_splitters() -> Sequence[SplitterSpec[Any]]:
            return [SplitterSpec(name="by_site", summary="By site", split=by_site)]
    """
    raise NotImplementedError


@hookspec
def sftsec_register_transforms() -> Sequence[TransformSpec[Any]]:
    """Offer changes of the training part, for `tasks.NAME.train.transforms`.

    Called once a process, when the plugins are loaded. A transform runs once a run, in the order
    of the list, after the split and the leak check; dev and test never pass through it. None is
    taken as empty. Anyone may implement it; names are unique.

    Example::

        @hookimpl
        def sftsec_register_transforms() -> Sequence[TransformSpec[Any]]:
            return [TransformSpec(name="balance", summary="As many of each", run=balance)]
    """
    raise NotImplementedError


@hookspec
def sftsec_register_voters() -> Sequence[VoterSpec[Any]]:
    """Offer voters of the promotion gate.

    Called once a process, when the plugins are loaded. They vote on every task, once a promotion;
    `gate.voters.NAME` has their settings. A voter can add caution and never take any away. None is
    taken as empty. Anyone may implement it; names are unique.

    Example::

        @hookimpl
        def sftsec_register_voters() -> Sequence[VoterSpec[Any]]:
            return [VoterSpec(name="no_friday", summary="No Fridays", vote=vote)]
    """
    raise NotImplementedError


@hookspec
def sftsec_register_suppressors() -> Sequence[SuppressorSpec[Any]]:
    """Offer reasons not to push a detection, for `tasks.NAME.suppress`.

    Called once a process, when the plugins are loaded. A suppressor is called once a detection,
    before it enters the outbox; its reason goes to the audit log. None is taken as empty. Anyone
    may implement it; names are unique.

    Example::

        @hookimpl
        def sftsec_register_suppressors() -> Sequence[SuppressorSpec[Any]]:
            return [SuppressorSpec(name="allow_list", summary="Known hosts", suppress=suppress)]
    """
    raise NotImplementedError


@hookspec
def sftsec_register_explainers() -> Sequence[ExplainerSpec[Any]]:
    """Offer ways to say why a model decided as it did, for `tasks.NAME.explain`.

    Called once a process, when the plugins are loaded. An explainer is called once a page, with
    the incidents that become detections, and for a question why. None is taken as empty. Anyone
    may implement it; names are unique.

    Example::

        @hookimpl
        def sftsec_register_explainers() -> Sequence[ExplainerSpec[Any]]:
            return [ExplainerSpec(name="words", summary="By words", explain=explain)]
    """
    raise NotImplementedError


@hookspec
def sftsec_register_launchers() -> Sequence[LauncherSpec[Any]]:
    """Offer places to run a recipe, for `tasks.NAME.train.launcher`.

    Called once a process, when the plugins are loaded. A launcher is called once a fit. None is
    taken as empty. Anyone may implement it; names are unique.

    Example::

        @hookimpl
        def sftsec_register_launchers() -> Sequence[LauncherSpec[Any]]:
            return [LauncherSpec(name="cluster", summary="Our cluster", run=run)]
    """
    raise NotImplementedError


@hookspec
def sftsec_register_tasks() -> Sequence[TaskPreset]:
    """Offer ready-made tasks for `sftsec init --task NAME`.

    Called once a process, when the plugins are loaded. Nothing runs them before they are written.
    None is taken as empty. Anyone may implement it; names are unique.

    Example::

        @hookimpl
        def sftsec_register_tasks() -> Sequence[TaskPreset]:
            return [TaskPreset(name="dns", summary="DNS tunnels", body={"text": ["dns.name"]})]
    """
    raise NotImplementedError


@hookspec
def sftsec_register_commands(cli: click.Group) -> None:
    """Add commands or groups to the `sftsec` command line.

    Called once a process, before the arguments are read, only for enabled plugins. Args: cli,
    the root group. A name that is taken already is an error. Anyone may implement it.

    Example::

        @hookimpl
        def sftsec_register_commands(cli: click.Group) -> None:
            cli.add_command(my_command)
    """


# --- decisions ----------------------------------------------------------------------------------


@hookspec(firstresult=True)
def sftsec_acquire_gpu(request: GpuRequest) -> AbstractContextManager[GpuLease] | None:
    """Lend an accelerator to a run.

    Called once a run that trains, just before it does, and once a run or command that scores with a
    model that uses a GPU; the lease ends with the context manager, once the models are evaluated or
    have scored. Args: request. None passes: without a lender, the run leases a
    GPU of this machine. Anyone may implement it, a cluster's scheduler above all.

    Example::

        @hookimpl
        def sftsec_acquire_gpu(request: GpuRequest) -> AbstractContextManager[GpuLease] | None:
            return my_cluster.lend(request.run_id, request.memory_gb)
    """


# --- observer: what it returns is ignored; one that raises is logged and does not stop others ----


@hookspec
def sftsec_event(event: Event) -> None:
    """Follow what happens: runs, stages, training steps, votes, promotions, pushed batches.

    Called once an event, after it happened and was recorded, in the process that runs the use
    case: be quick, a training step is an event too. Args: event, one of the classes of
    `sftsec_core.api.domain.events`; ignore those that you do not know, more will come. Anyone may
    implement it (experiment trackers, chat messages, metrics).

    Example::

        @hookimpl
        def sftsec_event(event: Event) -> None:
            if isinstance(event, ModelPromoted):
                chat.post(f"{event.task}: {event.digest[:12]} is live")
    """
