"""A candidate's answers for incidents of two units, as an audit gets them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from sftsec_core.api import AuditInput, EvaluationSettings, Example, Split
from sftsec_core.api.predictions import Predictions
from sftsec_core.testing import make_audit_input, make_task

UNITS = EvaluationSettings(groups=("unit",))


def units_input(
    rows: int = 1000, missed: float = 0.0, false: float = 0.0, seed: int = 1, **more: Any
) -> AuditInput:
    """Half of the rows are of unit "b", where so many attacks are missed and so many alerts false.

    Args:
        rows: two of five are attacks.
        missed: share of the attacks of "b" that are missed; one in twenty of "a" is.
        false: share of the benign rows of "b" that alert; one in twenty of "a" does.
        seed: of the rows.
        more: other fields of the input.
    """
    rng = np.random.default_rng(seed)
    y = (rng.random(rows) < 0.4).astype(np.int64)
    units = rng.integers(0, 2, rows)
    wrong = rng.random(rows) < np.where(units == 1, np.where(y == 1, missed, false), 0.05)
    said = np.where(wrong, 1 - y, y)
    scores = np.where(said == 1, 0.9, 0.1)
    return replace(
        make_audit_input(),
        split=Split((), (), examples(y, [{"unit": "ab"[each]} for each in units])),
        predictions=Predictions(y, np.column_stack([1 - scores, scores]), 0),
        settings=UNITS,
        **more,
    )


def examples(y: Any, facets: list[dict[str, str]], **more: Any) -> tuple[Example, ...]:
    """Examples of the test task with these labels and facets."""
    labels = make_task().labels
    names = [labels[0] if each == 0 else labels[-1] for each in y]
    return tuple(
        Example.of_text(f"row {n}", f"text {n}", label, facets=facet, **more)
        for n, (label, facet) in enumerate(zip(names, facets, strict=True))
    )
