"""Offers the explainer "words"."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sftsec_core.api import ExplainerSpec, hookimpl
from sftsec_explain.config import WordsConfig

if TYPE_CHECKING:
    from sftsec_core.api import Explanation
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
