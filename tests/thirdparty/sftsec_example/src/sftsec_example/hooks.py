"""What this plugin offers. Every `sftsec` command imports this module: keep it light."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sftsec_core.api import (
    AttackSpec,
    AuditSpec,
    ConnectorSpec,
    ExplainerSpec,
    RecipeSpec,
    RendererSpec,
    StepSpec,
    TransformSpec,
    VoterSpec,
    hookimpl,
)
from sftsec_example.attack import brackets
from sftsec_example.audit import LengthsConfig, errors_by_length
from sftsec_example.connector import DeskConfig, DeskConnector
from sftsec_example.decisions import (
    LabelledLinesConfig,
    PrecisionFloorConfig,
    labelled_lines,
    precision_floor,
)
from sftsec_example.explainer import LeaveOutConfig, leave_out
from sftsec_example.recipe import load, train
from sftsec_example.step import Defang, DefangConfig
from sftsec_example.transform import CapConfig, cap_labels


@hookimpl
def sftsec_register_connectors() -> Sequence[ConnectorSpec[Any]]:
    """Offer `type: example-desk`."""
    return [
        ConnectorSpec(
            name="example-desk",
            summary="Incidents of a service desk by HTTP",
            config_model=DeskConfig,
            create=DeskConnector,
            example="url: https://desk.example/api\ntoken: env:DESK_TOKEN\n",
        )
    ]


@hookimpl
def sftsec_register_steps() -> Sequence[StepSpec[Any]]:
    """Offer `steps.defang`, after normalise (100) and redact (200)."""
    return [
        StepSpec(
            name="defang",
            summary="URLs that no one follows by accident",
            order=300,
            config_model=DefangConfig,
            create=Defang,
        )
    ]


@hookimpl
def sftsec_register_renderers() -> Sequence[RendererSpec[Any]]:
    """Offer `render: example-lines`."""
    return [
        RendererSpec(
            name="example-lines",
            summary="A line for each text field, with its name",
            config_model=LabelledLinesConfig,
            render=labelled_lines,
        )
    ]


@hookimpl
def sftsec_register_transforms() -> Sequence[TransformSpec[Any]]:
    """Offer `train.transforms: [example-cap]`."""
    return [
        TransformSpec(
            name="example-cap",
            summary="No label has many times the rows of the rarest",
            config_model=CapConfig,
            run=cap_labels,
        )
    ]


@hookimpl
def sftsec_register_recipes() -> Sequence[RecipeSpec[Any]]:
    """Offer `train.recipe: example-naive-bayes`."""
    return [
        RecipeSpec(
            name="example-naive-bayes",
            summary="Naive Bayes over words",
            inference_cost=1,
            fit=train,
            load=load,
        )
    ]


@hookimpl
def sftsec_register_voters() -> Sequence[VoterSpec[Any]]:
    """Offer the vote `example-precision`."""
    return [
        VoterSpec(
            name="example-precision",
            summary="Rejects a model whose alerts are mostly wrong",
            config_model=PrecisionFloorConfig,
            vote=precision_floor,
        )
    ]


@hookimpl
def sftsec_register_audits() -> Sequence[AuditSpec[Any]]:
    """Offer `evaluation.audits.example-lengths`."""
    return [
        AuditSpec(
            name="example-lengths",
            summary="Errors on short and on long texts",
            config_model=LengthsConfig,
            run=errors_by_length,
        )
    ]


@hookimpl
def sftsec_register_explainers() -> Sequence[ExplainerSpec[Any]]:
    """Offer `explain: example-leave-out`."""
    return [
        ExplainerSpec(
            name="example-leave-out",
            summary="Leaves out one word after the other",
            config_model=LeaveOutConfig,
            explain=leave_out,
        )
    ]


@hookimpl
def sftsec_register_attacks() -> Sequence[AttackSpec[Any]]:
    """Offer the attack `example-brackets` to audits such as `disguise`."""
    return [
        AttackSpec(
            name="example-brackets",
            summary="Names of hosts as people write them who want no link",
            kinds=frozenset({"prose"}),
            rewrite=brackets,
        )
    ]
