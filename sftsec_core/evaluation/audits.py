"""The built-in audits, as the plugin manager knows them.

Importing this module costs nothing: numpy and scipy are loaded when an audit runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pydantic import Field

from sftsec_core.api.contracts import AuditSpec, EmptyConfig
from sftsec_core.api.settings.values import Duration, Strict

if TYPE_CHECKING:
    from sftsec_core.api.contracts import AuditInput


_BUDGET = Field(timedelta(minutes=10), description="Time for all trainings of this audit.")


class GroupsSettings(Strict):
    """Which groups are large enough for figures."""

    fewest: int = Field(30, ge=1, description="Test rows of a group that has its own figures.")
    most: int = Field(
        20, ge=1, le=1000, description="Groups of a field that are shown, the largest."
    )


class BacktestSettings(Strict):
    """How a backtest divides time."""

    periods: int = Field(5, ge=1, le=50, description="Periods that are tested, one after another.")
    first: float = Field(
        0.5, gt=0, lt=1, description="Fraction of the examples, the oldest, before the first one."
    )
    gap: Duration = Field(
        timedelta(0), description="Time before a period whose examples are not trained on."
    )
    budget: Duration = _BUDGET


class LearningCurveSettings(Strict):
    """How a learning curve is measured."""

    more: int = Field(500, ge=1, le=10**7, description="Further labels that are asked about.")
    repeats: int = Field(3, ge=1, le=20, description="Parts of train of each size but the whole.")
    seed: int = Field(13, description="Of the parts.")
    budget: Duration = _BUDGET


class LeaveOneOutSettings(Strict):
    """What counts as a source."""

    field: str = Field(
        "connector",
        description="The field that names an incident's source: `connector`, where a task has "
        "several, or one of `evaluation.groups`.",
    )
    fewest: int = Field(50, ge=2, description="Examples of a source that is tested.")
    sources: int = Field(20, ge=2, le=1000, description="At most so many, the largest.")
    budget: Duration = _BUDGET


def _paired(config: EmptyConfig, given: AuditInput) -> Mapping[str, Any]:
    from sftsec_core.evaluation.paired import paired_tests

    return paired_tests(config, given)


def _cost(config: EmptyConfig, given: AuditInput) -> Mapping[str, Any]:
    from sftsec_core.evaluation.cost import cost_curve

    return cost_curve(config, given)


def _groups(config: GroupsSettings, given: AuditInput) -> Mapping[str, Any]:
    from sftsec_core.evaluation.groups import figures_by_group

    return figures_by_group(config, given)


def _backtest(config: BacktestSettings, given: AuditInput) -> Mapping[str, Any]:
    from sftsec_core.evaluation.backtest import backtest_audit

    return backtest_audit(config, given)


def _learning_curve(config: LearningCurveSettings, given: AuditInput) -> Mapping[str, Any]:
    from sftsec_core.evaluation.learning_curve import learning_curve

    return learning_curve(config, given)


def _leave_one_out(config: LeaveOneOutSettings, given: AuditInput) -> Mapping[str, Any]:
    from sftsec_core.evaluation.leave_one_out import leave_one_out

    return leave_one_out(config, given)


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
    AuditSpec(
        name="groups",
        summary="Figures by group; fields in evaluation.groups",
        config_model=GroupsSettings,
        run=_groups,
        always=True,
    ),
    AuditSpec(
        name="backtest",
        summary="Train on the past, test on the next period, several times",
        config_model=BacktestSettings,
        run=_backtest,
    ),
    AuditSpec(
        name="learning_curve",
        summary="What more labels would bring",
        config_model=LearningCurveSettings,
        run=_learning_curve,
    ),
    AuditSpec(
        name="leave_one_source_out",
        summary="Train without each source in turn and test on it",
        config_model=LeaveOneOutSettings,
        run=_leave_one_out,
    ),
)
