"""What this plugin offers. Every `sftsec` command imports this module: keep it light."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sftsec_core.api.contracts import ConnectorSpec, RecipeSpec, StepSpec
from sftsec_core.api.hookspecs import hookimpl
from sftsec_example.connector import CsvConfig, CsvConnector
from sftsec_example.recipe import load, train
from sftsec_example.step import Defang, DefangConfig


@hookimpl
def sftsec_register_connectors() -> Sequence[ConnectorSpec[Any]]:
    """Offer `type: example-csv`."""
    return [
        ConnectorSpec(
            name="example-csv",
            summary="A folder with a CSV of incidents",
            config_model=CsvConfig,
            create=CsvConnector,
        )
    ]


@hookimpl
def sftsec_register_steps() -> Sequence[StepSpec[Any]]:
    """Offer `steps.defang`, behind normalise (100) and redact (200)."""
    return [
        StepSpec(
            name="defang",
            summary="URLs that nobody follows by accident",
            order=300,
            config_model=DefangConfig,
            create=Defang,
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
