"""Offers attacks, the audit `disguise`, the voter `max_robust_drop` and two defences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sftsec_core.api import (
    AttackSpec,
    AuditSpec,
    RecipeSpec,
    Requirement,
    StepSpec,
    TransformSpec,
    VoterSpec,
    hookimpl,
)
from sftsec_robust.attacks.registry import ATTACKS
from sftsec_robust.canonical.step import create
from sftsec_robust.settings import (
    AdversarialSettings,
    CanonicalSettings,
    DisguiseSettings,
    HardenedSettings,
    MaxRobustDropSettings,
)
from sftsec_robust.transform import adversarial, check_text
from sftsec_robust.voter import VOTER, max_robust_drop

if TYPE_CHECKING:
    from pathlib import Path

    from sftsec_core.api import AuditInput, TrainedModel, TrainJob

_DISARM = (Requirement(module="disarm", install_hint="pip install 'sftsec[robust]'"),)


@hookimpl
def sftsec_register_attacks() -> Sequence[AttackSpec[Any]]:
    """Offer rewritings by kind of text."""
    return ATTACKS


@hookimpl
def sftsec_register_audits() -> Sequence[AuditSpec[Any]]:
    """Offer `evaluation.audits.disguise`."""
    return [
        AuditSpec(
            name="disguise",
            summary="Recall when detected attacks are rewritten so that they still work",
            config_model=DisguiseSettings,
            run=_disguise,
            unit="tries",
        )
    ]


@hookimpl
def sftsec_register_voters() -> Sequence[VoterSpec[Any]]:
    """Offer the vote `max_robust_drop`."""
    return [
        VoterSpec(
            name=VOTER,
            summary="Rejects a model that disguised attacks get past",
            config_model=MaxRobustDropSettings,
            vote=max_robust_drop,
        )
    ]


@hookimpl
def sftsec_register_steps() -> Sequence[StepSpec[Any]]:
    """Offer `steps.canonical`, after normalise (100), redact (200) and decode (250)."""
    return [
        StepSpec(
            name="canonical",
            summary="one spelling for texts that a person, a server or a shell reads alike",
            order=300,
            config_model=CanonicalSettings,
            requires=_DISARM,
            create=create,
        )
    ]


@hookimpl
def sftsec_register_transforms() -> Sequence[TransformSpec[Any]]:
    """Offer `train.transforms: [adversarial]`."""
    return [
        TransformSpec(
            name="adversarial",
            summary="Disguised copies of training rows, of attacks and of benign rows alike",
            config_model=AdversarialSettings,
            requires=_DISARM,
            run=adversarial,
            check=check_text,
        )
    ]


@hookimpl
def sftsec_register_recipes() -> Sequence[RecipeSpec[Any]]:
    """Offer `train.recipe: hardened`."""
    return [
        RecipeSpec(
            name="hardened",
            summary="n-grams of canonical texts; the most suspicious window decides",
            config_model=HardenedSettings,
            requires=_DISARM,
            inference_cost=1,
            fit=_train,
            load=_load,
            max_gpus=0,
        )
    ]


def _train(job: TrainJob[HardenedSettings]) -> TrainedModel:
    from sftsec_robust.hardened.train import train_hardened

    return train_hardened(job)


def _load(folder: Path) -> TrainedModel:
    from sftsec_robust.hardened.model import load_hardened

    return load_hardened(folder)


def _disguise(config: DisguiseSettings, given: AuditInput) -> Mapping[str, Any]:
    from sftsec_robust.audit import disguise

    return disguise(config, given)
