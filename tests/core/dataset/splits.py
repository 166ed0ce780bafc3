"""Examples to be divided, and how a split divides them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sftsec_core.api.domain import Example, Split
from sftsec_core.api.settings.split import SplitSettings
from sftsec_core.dataset.split import split_examples
from tests.core.dataset.builders import text

DAY = datetime(2026, 1, 1, tzinfo=UTC)


def example(number: int, label: str = "", **options: Any) -> Example:
    made = Example.of_text(
        f"e{number:04d}", text(number, 25), label or ("ham", "spam")[number % 2], cluster=number
    )
    return replace(made, **options)


def many(count: int = 200, **options: Any) -> list[Example]:
    return [example(number, **options) for number in range(count)]


def split(examples: list[Example], method: str = "auto", **options: Any) -> Split:
    return split_examples(examples, SplitSettings(method=method, **options))
