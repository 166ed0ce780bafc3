"""Offers the explainer "words", and the audit "explanation" of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sftsec_core.api import AuditSpec, ExplainerSpec, hookimpl
from sftsec_explain.config import ExplanationSettings, WordsConfig

if TYPE_CHECKING:
    from sftsec_core.api import AuditInput, Explanation
    from sftsec_core.api.contracts import ExplainJob


def _explain(config: WordsConfig, job: ExplainJob) -> Sequence[Explanation]:
    from sftsec_explain.words import explain  # with numpy

    return explain(config, job)


@hookimpl
def sftsec_register_explainers() -> Sequence[ExplainerSpec[Any]]:
    """Offer "words"."""
    return [
        ExplainerSpec(
            name="words",
            summary="words and fields that a decision rests on, alike incidents, what would flip",
            config_model=WordsConfig,
            explain=_explain,
        )
    ]


def _audit(config: ExplanationSettings, given: AuditInput) -> Mapping[str, Any]:
    from sftsec_explain.audit import explanation  # with numpy

    return explanation(config, given)


@hookimpl
def sftsec_register_audits() -> Sequence[AuditSpec[Any]]:
    """Offer "explanation": whether the words that are told decide, and which decide everywhere."""
    return [
        AuditSpec(
            name="explanation",
            summary="Whether the words of explanations decide, and which are a shortcut",
            config_model=ExplanationSettings,
            run=_audit,
            unit="alerts",
        )
    ]
