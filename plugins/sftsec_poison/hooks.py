"""Offers the transform, the audits, the voters and the recipe of poisoning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sftsec_core.api import (
    AuditSpec,
    EmptyConfig,
    EvalReport,
    GateSettings,
    InputKind,
    RecipeSpec,
    TransformSpec,
    Vote,
    VoterSpec,
    hookimpl,
)
from sftsec_poison.config import (
    CanaryVoterSettings,
    PartitionedSettings,
    PoisoningSettings,
    PoisoningVoterSettings,
    PoisonSettings,
)

if TYPE_CHECKING:
    from pathlib import Path

    from sftsec_core.api import (
        AuditInput,
        Example,
        InputField,
        TaskSpec,
        TrainedModel,
        TrainJob,
        TransformResult,
    )


def _check(settings: PoisonSettings, inputs: Sequence[InputField]) -> None:
    from sftsec_poison.transform import check_inputs

    check_inputs(settings, inputs)


def _weigh(
    settings: PoisonSettings, examples: Sequence[Example], task: TaskSpec, seed: int
) -> TransformResult:
    from sftsec_poison.transform import weigh_poison

    return weigh_poison(settings, examples, task, seed)


def _judge_canaries(settings: EmptyConfig, given: AuditInput) -> Mapping[str, Any]:
    from sftsec_poison.canaries import judge_canaries

    return judge_canaries(settings, given)


def _vote_on_canaries(
    settings: CanaryVoterSettings,
    candidate: EvalReport,
    incumbent: EvalReport | None,
    policy: GateSettings,
) -> Vote | None:
    from sftsec_poison.canaries import vote_on_canaries

    return vote_on_canaries(settings, candidate, incumbent, policy)


def _audit(settings: PoisoningSettings, given: AuditInput) -> Mapping[str, Any]:
    from sftsec_poison.audit import audit_poisoning

    return audit_poisoning(settings, given)


def _vote(
    settings: PoisoningVoterSettings,
    candidate: EvalReport,
    incumbent: EvalReport | None,
    policy: GateSettings,
) -> Vote | None:
    from sftsec_poison.audit import vote_on_poisoning

    return vote_on_poisoning(settings, candidate, incumbent, policy)


def _train(job: TrainJob[PartitionedSettings]) -> TrainedModel:
    from sftsec_poison.partitioned import train_partitioned

    return train_partitioned(job)


def _load(folder: Path) -> TrainedModel:
    from sftsec_poison.partitioned import load_partitioned

    return load_partitioned(folder)


@hookimpl
def sftsec_register_transforms() -> Sequence[TransformSpec[Any]]:
    """Offer "poison"."""
    return [
        TransformSpec(
            name="poison",
            summary="Rows by which one analyst binds a phrase to a label count less",
            config_model=PoisonSettings,
            run=_weigh,
            check=_check,
        )
    ]


@hookimpl
def sftsec_register_audits() -> Sequence[AuditSpec[Any]]:
    """Offer "canaries", which always runs, and "poisoning"."""
    return [
        AuditSpec(
            name="canaries",
            summary="Incidents that no verdict reaches; gate.canaries names them",
            run=_judge_canaries,
            always=True,
        ),
        AuditSpec(
            name="poisoning",
            summary="What one analyst's phrases do to the model, and how far each analyst sways it",
            config_model=PoisoningSettings,
            run=_audit,
        ),
    ]


@hookimpl
def sftsec_register_voters() -> Sequence[VoterSpec[Any]]:
    """Offer "canaries" and "poisoning"."""
    return [
        VoterSpec(
            name="canaries",
            summary="Refuses a model that judges an incident of gate.canaries wrongly.",
            config_model=CanaryVoterSettings,
            vote=_vote_on_canaries,
        ),
        VoterSpec(
            name="poisoning",
            summary="Refuses a model that one analyst's phrase turns.",
            config_model=PoisoningVoterSettings,
            vote=_vote,
        ),
    ]


@hookimpl
def sftsec_register_recipes() -> Sequence[RecipeSpec[Any]]:
    """Offer "partitioned"."""
    return [
        RecipeSpec(
            name="partitioned",
            summary="A vote of models of parts of the verdicts: so many must change to flip it",
            inference_cost=2,
            config_model=PartitionedSettings,
            kinds=frozenset({InputKind.TEXT}),
            fit=_train,
            load=_load,
            max_gpus=0,
        )
    ]
