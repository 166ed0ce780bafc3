"""Every hook: when it is called, how often, with what, what None means, who may implement it.

A plugin is a module with functions of these names, marked `@hookimpl`, reached by an entry
point in the group `sftsec`. An implementation may leave out arguments, not rename them.

A spec is a signature: pluggy never calls it. `raise NotImplementedError` is all the body that a
function with a return type may have.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    import click

    from sftsec_core.api.contracts import (
        AttackSpec,
        ConnectorSpec,
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
    from sftsec_core.api.settings.task import GateSettings, SplitSettings

PROJECT = "sftsec"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


# --- registration: called once a process, after the enabled plugins are loaded -------------------


@hookspec
def sftsec_register_connectors() -> Sequence[ConnectorSpec]:
    """Offer kinds of connector, for `connectors.NAME.type` of the configuration.

    Called once a process, when the plugins are loaded. An empty sequence offers nothing; None
    is taken as empty. Anyone may implement it; two of one name are an error that names both.
    """
    raise NotImplementedError


@hookspec
def sftsec_register_steps() -> Sequence[StepSpec]:
    """Offer transforms of incidents that run before the first write to disk.

    Called once a process, when the plugins are loaded. A step runs only for a task whose
    `steps` name it. None is taken as empty. Anyone may implement it; names are unique.
    """
    raise NotImplementedError


@hookspec
def sftsec_register_recipes() -> Sequence[RecipeSpec]:
    """Offer ways to make a model, for `tasks.NAME.train.recipe`.

    Called once a process, when the plugins are loaded, before any heavy import: import torch
    inside `train` and `load`. None is taken as empty. Anyone may implement it; names are unique.
    """
    raise NotImplementedError


@hookspec
def sftsec_register_metrics() -> Sequence[MetricSpec]:
    """Offer figures of quality that every report then shows, with their intervals.

    Called once a process, when the plugins are loaded. A metric's function is called about two
    thousand times a report (bootstrap): keep it vectorised. None is taken as empty. Anyone may
    implement it; names are unique.
    """
    raise NotImplementedError


@hookspec
def sftsec_register_tasks() -> Sequence[TaskPreset]:
    """Offer ready-made tasks for `sftsec init --task NAME`.

    Called once a process, when the plugins are loaded. None is taken as empty. Anyone may
    implement it; names are unique.
    """
    raise NotImplementedError


@hookspec
def sftsec_register_attacks() -> Sequence[AttackSpec]:
    """Offer ways to disguise a text, against which a model's robustness is measured.

    Called once a process, when the plugins are loaded. None is taken as empty. Anyone may
    implement it; names are unique.
    """
    raise NotImplementedError


@hookspec
def sftsec_register_explainers() -> Sequence[ExplainerSpec]:
    """Offer ways to say which pieces of a text moved the model.

    Called once a process, when the plugins are loaded. None is taken as empty. Anyone may
    implement it; names are unique.
    """
    raise NotImplementedError


@hookspec
def sftsec_register_launchers() -> Sequence[LauncherSpec]:
    """Offer places in which a recipe runs, for `tasks.NAME.train.launcher`.

    Called once a process, when the plugins are loaded. None is taken as empty. Anyone may
    implement it; names are unique.
    """
    raise NotImplementedError


@hookspec
def sftsec_register_commands(cli: click.Group) -> None:
    """Add commands or groups to the `sftsec` command line.

    Called once a process, before the arguments are read, only for enabled plugins. Args: cli,
    the root group. A name that is taken already is an error. Anyone may implement it.
    """


# --- decisions ----------------------------------------------------------------------------------


@hookspec(firstresult=True)
def sftsec_render_example(incident: Incident, task: TaskSpec) -> str | None:
    """Turn an incident's fields into the text that the model reads.

    Called once an incident, in a dataset build and again when it is scored: be quick, and give
    the same text both times. Args: incident, cleaned and redacted; task. None passes: the next
    plugin is asked, then the default, which joins the task's text fields. An empty string drops
    the incident. Anyone may implement it; the last one registered is asked first.
    """


@hookspec(firstresult=True)
def sftsec_split_examples(examples: Sequence[Example], policy: SplitSettings) -> Split | None:
    """Divide a task's examples into train, dev and test.

    Called once a dataset build. Args: examples, sorted by uid; policy, the task's `split:`.
    None passes to the next plugin, then to the built-in methods. Whoever splits, the leak check
    follows. Anyone may implement it.
    """


@hookspec(firstresult=True)
def sftsec_acquire_gpu(request: GpuRequest) -> AbstractContextManager[GpuLease] | None:
    """Lend an accelerator to a run.

    Called once a training run, just before it trains; the lease ends with the context manager.
    Args: request. None passes: without a lender, torch's own choice of device stands. Anyone
    may implement it, a cluster's scheduler above all.
    """


@hookspec
def sftsec_vote_promotion(
    candidate: EvalReport, incumbent: EvalReport | None, policy: GateSettings
) -> Vote | Sequence[Vote] | None:
    """Vote on whether a candidate may go into service; every implementation is asked.

    Called once a promotion. Args: candidate, its report; incumbent, the report of the model in
    service, None when there is none; policy, the task's `gate:`. None abstains. One refusal or
    one exception refuses the promotion, and so does a round in which nobody votes. Anyone may
    implement it: it can only add caution.
    """


@hookspec(firstresult=True)
def sftsec_suppress_detection(detection: Detection) -> Suppression | None:
    """Keep a detection from being pushed, with a reason that goes to the audit log.

    Called once a detection, before it enters the outbox. None lets it pass. Anyone may
    implement it (maintenance windows, allow-lists).
    """


# --- observers: what they return is ignored; one that raises is logged and does not stop others --


@hookspec
def sftsec_run_started(run: RunInfo) -> None:
    """Learn that a run begins. Called once a run, after it is recorded. Anyone may implement it."""


@hookspec
def sftsec_step_logged(run: RunInfo, step: int, values: Mapping[str, float]) -> None:
    """Learn how training goes: loss, learning rate, dev figures, as the trainer logs them.

    Called every few steps of a training run: be quick. Args: run; step, counted from 0; values.
    Anyone may implement it (experiment trackers).
    """


@hookspec
def sftsec_run_finished(run: RunInfo, report: EvalReport | None) -> None:
    """Learn how a run ended, `run.status` says it.

    Called once a run, also when it failed; report is None where there was nothing to report.
    Anyone may implement it.
    """


@hookspec
def sftsec_model_promoted(
    model: ModelRef, previous: ModelRef | None, decision: Decision | None
) -> None:
    """Learn that the model in service changed.

    Called after the alias moved. Args: model, now live; previous, live before, None at first;
    decision, the gate's, None after a rollback. Anyone may implement it.
    """


@hookspec
def sftsec_detections_pushed(connector: str, receipt: PushReceipt) -> None:
    """Learn what became of a batch of detections.

    Called once a batch, after the outbox recorded the receipt. Args: connector, its name in the
    configuration; receipt. Anyone may implement it.
    """
