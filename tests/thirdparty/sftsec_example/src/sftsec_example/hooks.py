"""What this plugin offers. Every `sftsec` command imports this module: keep it light."""

from __future__ import annotations

from collections.abc import Sequence

from sftsec_core.api.contracts import ConnectorSpec, RecipeSpec, StepSpec
from sftsec_core.api.hookspecs import hookimpl
from sftsec_example.connector import CsvConfig, CsvConnector
from sftsec_example.recipe import load, train
from sftsec_example.step import Defang, DefangConfig


@hookimpl
def sftsec_register_connectors() -> Sequence[ConnectorSpec]:
    """Offer `type: example-csv`."""
    return [
        ConnectorSpec("example-csv", "A folder with a CSV of incidents", CsvConfig, CsvConnector)
    ]


@hookimpl
def sftsec_register_steps() -> Sequence[StepSpec]:
    """Offer `steps.defang`, behind normalise (100) and redact (200)."""
    return [StepSpec("defang", "URLs that nobody follows by accident", 300, DefangConfig, Defang)]


@hookimpl
def sftsec_register_recipes() -> Sequence[RecipeSpec]:
    """Offer `train.recipe: example-naive-bayes`."""
    return [RecipeSpec("example-naive-bayes", "Naive Bayes over words", 1, train, load)]
