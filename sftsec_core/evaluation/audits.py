"""The built-in audits, as the plugin manager knows them.

Importing this module costs nothing: numpy and scipy are loaded when an audit runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sftsec_core.api.contracts import AuditSpec, EmptyConfig

if TYPE_CHECKING:
    from sftsec_core.api.contracts import AuditInput


def _paired(config: EmptyConfig, given: AuditInput) -> Mapping[str, Any]:
    from sftsec_core.evaluation.paired import paired_tests

    return paired_tests(config, given)


def _cost(config: EmptyConfig, given: AuditInput) -> Mapping[str, Any]:
    from sftsec_core.evaluation.cost import cost_curve

    return cost_curve(config, given)


AUDITS: tuple[AuditSpec[Any], ...] = (
    AuditSpec(
        name="paired",
        summary="Paired tests against the live model and the baseline",
        run=_paired,
        always=True,
    ),
    AuditSpec(
        name="cost",
        summary="Analysts' minutes against missed attacks; prices in evaluation.cost",
        run=_cost,
        always=True,
    ),
)
