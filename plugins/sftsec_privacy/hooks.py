"""Offers the audit "privacy", its voter, and a recipe with differential privacy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sftsec_core.api import AuditSpec, RecipeSpec, Requirement, VoterSpec, hookimpl
from sftsec_privacy.config import MembershipSettings, PrivacySettings, PrivateLinearConfig
from sftsec_privacy.max_membership_auc import max_membership_auc

if TYPE_CHECKING:
    from pathlib import Path

    from sftsec_core.api import AuditInput, Example, PrivacySpend, TrainedModel, TrainJob


def _privacy(config: PrivacySettings, given: AuditInput) -> Mapping[str, Any]:
    from sftsec_privacy.privacy import privacy

    return privacy(config, given)


def _train(job: TrainJob[PrivateLinearConfig]) -> TrainedModel:
    from sftsec_privacy.private_linear import train_private_linear

    return train_private_linear(job)


def _spends(config: PrivateLinearConfig, train: Sequence[Example]) -> PrivacySpend:
    from sftsec_privacy.private_linear import privacy_of

    return privacy_of(config, train)


def _load(folder: Path) -> TrainedModel:
    from sftsec_privacy.private_linear import load_private_linear

    return load_private_linear(folder)


@hookimpl
def sftsec_register_audits() -> Sequence[AuditSpec[Any]]:
    """Offer "privacy": membership inference, canaries, and what the vocabulary holds."""
    return [
        AuditSpec(
            name="privacy",
            summary="What the recipe's models give away of training incidents",
            config_model=PrivacySettings,
            run=_privacy,
        )
    ]


@hookimpl
def sftsec_register_voters() -> Sequence[VoterSpec[Any]]:
    """Offer "max_membership_auc", which abstains until it has a bound."""
    return [
        VoterSpec(
            name="max_membership_auc",
            summary="Membership of training incidents is told at most so well",
            config_model=MembershipSettings,
            vote=max_membership_auc,
        )
    ]


@hookimpl
def sftsec_register_recipes() -> Sequence[RecipeSpec[Any]]:
    """Offer "private_linear": a logistic head trained by DP-SGD."""
    return [
        RecipeSpec(
            name="private_linear",
            summary="Hashed n-grams and a logistic head, with differential privacy",
            config_model=PrivateLinearConfig,
            requires=(Requirement(module="opacus", install_hint="pip install 'sftsec[privacy]'"),),
            inference_cost=1,
            max_gpus=0,
            fit=_train,
            load=_load,
            privacy=_spends,
        )
    ]
