"""Offers the audit "fairness", what narrows a gap, and the voter that refuses one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sftsec_core.api import AuditSpec, DeciderSpec, TransformSpec, VoterSpec, hookimpl
from sftsec_fair.config import (
    FairnessSettings,
    GroupGapSettings,
    GroupThresholdSettings,
    ReweighSettings,
)
from sftsec_fair.max_group_gap import max_group_gap

if TYPE_CHECKING:
    from sftsec_core.api import AuditInput, Decider, Example, Predictions, TaskSpec, TransformResult


def _fairness(config: FairnessSettings, given: AuditInput) -> Mapping[str, Any]:
    from sftsec_fair.fairness import fairness

    return fairness(config, given)


def _reweigh(
    config: ReweighSettings, examples: Sequence[Example], task: TaskSpec, seed: int
) -> TransformResult:
    from sftsec_fair.reweigh import reweigh

    return reweigh(config, examples, task, seed)


def _fit(
    config: GroupThresholdSettings, dev: Predictions, incidents_per_day: float | None
) -> Decider:
    from sftsec_fair.group_threshold import GroupThresholdDecider

    return GroupThresholdDecider.fit(config, dev, incidents_per_day)


def _load(state: Mapping[str, Any]) -> Decider:
    from sftsec_fair.group_threshold import GroupThresholdDecider

    return GroupThresholdDecider.load(state)


@hookimpl
def sftsec_register_audits() -> Sequence[AuditSpec[Any]]:
    """Offer "fairness": figures, calibration and alert load of each group, and which gap is one."""
    return [
        AuditSpec(
            name="fairness",
            summary="Whether the model is worse for a group; fields in evaluation.groups",
            config_model=FairnessSettings,
            groups_by=FairnessSettings.kept,
            run=_fairness,
        )
    ]


@hookimpl
def sftsec_register_transforms() -> Sequence[TransformSpec[Any]]:
    """Offer "reweigh": groups and labels weigh as if they had nothing to do with each other."""
    return [
        TransformSpec(
            name="reweigh",
            summary="Weigh rows so that groups and labels are independent",
            config_model=ReweighSettings,
            groups_by=ReweighSettings.kept,
            run=_reweigh,
        )
    ]


@hookimpl
def sftsec_register_deciders() -> Sequence[DeciderSpec[Any]]:
    """Offer "group_threshold": a threshold for each group, where a site allows it."""
    return [
        DeciderSpec(
            name="group_threshold",
            summary="A threshold for each group, so that none is missed more often",
            config_model=GroupThresholdSettings,
            groups_by=GroupThresholdSettings.kept,
            fit=_fit,
            load=_load,
        )
    ]


@hookimpl
def sftsec_register_voters() -> Sequence[VoterSpec[Any]]:
    """Offer "max_group_gap", which holds a candidate to bounds on what the audit measured."""
    return [
        VoterSpec(
            name="max_group_gap",
            summary="Refuses a model that is worse for a group by more than a bound",
            config_model=GroupGapSettings,
            vote=max_group_gap,
        )
    ]
