"""Figures by group: host type, business unit, source, script of writing.

A good figure over all may hide a group in which the model is blind. Each group that has enough test
rows has figures of its own. One is called worse than the rest only where Fisher's exact test says
so after Holm's correction for all groups that were looked at ("A simple sequentially rejective
multiple test procedure", 1979): of twenty groups, one looks bad by chance.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.stats import fisher_exact

from sftsec_core.api.domain import TEXT_INPUT
from sftsec_core.evaluation.figures import short_figures
from sftsec_core.sdk.scripts import script_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from sftsec_core.api.contracts import AuditInput
    from sftsec_core.api.domain import Example
    from sftsec_core.api.predictions import Predictions
    from sftsec_core.evaluation.audits import GroupsSettings

SCRIPT = "script"
ALPHA = 0.05


def figures_by_group(config: GroupsSettings, given: AuditInput) -> Mapping[str, Any]:
    """Evaluate the candidate on each group of the test rows.

    Returns:
        "fields": a field's name to its "groups" ("value", "rows", "attacks", "figures", largest
        first), "pooled" (rows and values of groups that are too small), "missing" (rows without
        a value); "worse": groups that are worse than the rest ("field", "value", "kind", "errors",
        "of", "rest_errors", "rest_of", "p", corrected), the worst first; "tests": how many tests
        p is corrected for.
    """
    columns = _columns(given)
    fields = {name: _field(values, given.predictions, config) for name, values in columns.items()}
    # A field with one group has no rest to compare it with; a single script says nothing at all.
    shown = {name: each for name, each in fields.items() if len(each["groups"]) > 1}
    groups = {name: [group["value"] for group in each["groups"]] for name, each in shown.items()}
    tests = compare_groups(given.predictions, columns, groups)
    kept = {name: each for name, each in fields.items() if name in shown or name != SCRIPT}
    worse = [each for each in tests if each["p"] < ALPHA]
    return {"fields": kept, "worse": worse, "tests": len(tests)}


def compare_groups(
    predictions: Predictions,
    columns: Mapping[str, NDArray[np.object_]],
    groups: Mapping[str, Sequence[str]],
) -> list[dict[str, Any]]:
    """Test each group against the rest of the rows, one-sided, for errors of each kind.

    Args:
        predictions: of n rows.
        columns: a field's values, shape (n,).
        groups: the values of a field that are tested.

    Returns:
        One for each test, by rising p; p is corrected for all of them.
    """
    return _holm(
        [
            {"field": name, "value": value, **found}
            for name, values in groups.items()
            for value in values
            for found in _tests(predictions, columns[name] == value)
        ]
    )


def _columns(given: AuditInput) -> dict[str, NDArray[np.object_]]:
    """Each field's values on test, shape (n,); "" where there is none."""
    test = given.split.test
    names = [*given.settings.groups, *(["connector"] if _has(test, "connector") else [])]
    columns = {name: _array([each.facets.get(name, "") for each in test]) for name in names}
    if any(TEXT_INPUT in each.inputs for each in test[:1]):
        texts = (each.inputs.get(TEXT_INPUT) for each in test)
        columns[SCRIPT] = _array(
            [script_of(text) if isinstance(text, str) else "" for text in texts]
        )
    return columns


def _has(test: Sequence[Example], name: str) -> bool:
    return any(name in each.facets for each in test)


def _array(values: Sequence[str]) -> NDArray[np.object_]:
    return np.fromiter(values, np.object_, count=len(values))


def _field(
    values: NDArray[np.object_], predictions: Predictions, config: GroupsSettings
) -> dict[str, Any]:
    sizes = Counter(value for value in values.tolist() if value)
    ordered = sorted(sizes, key=lambda value: (-sizes[value], value))
    large = [value for value in ordered if sizes[value] >= config.fewest][: config.most]
    return {
        "groups": [
            {"value": value, **short_figures(predictions.take(values == value))} for value in large
        ],
        "pooled": {
            "rows": sum(sizes.values()) - sum(sizes[value] for value in large),
            "values": len(sizes) - len(large),
        },
        "missing": len(values) - sum(sizes.values()),
    }


def _tests(predictions: Predictions, rows: NDArray[np.bool_]) -> list[dict[str, Any]]:
    """One-sided tests whether a group has more errors of a kind than the rest."""
    if predictions.benign is None:
        kinds = {"wrong": (np.ones(len(rows), np.bool_), predictions.labels != predictions.y)}
    else:
        alerts = np.asarray(predictions.labels != predictions.benign)
        kinds = {
            "missed attacks": (predictions.attacks, ~alerts),
            "false alarms": (~predictions.attacks, alerts),
        }
    found = (_test(kind, rows, of, errors) for kind, (of, errors) in kinds.items())
    return [each for each in found if each is not None]


def _test(
    kind: str, rows: NDArray[np.bool_], of: NDArray[np.bool_], errors: NDArray[np.bool_]
) -> dict[str, Any] | None:
    """None where either side has no row of that kind: then there is nothing to test."""
    inside, outside = of & rows, of & ~rows
    n, m = int(inside.sum()), int(outside.sum())
    if not n or not m:
        return None
    a, b = int((inside & errors).sum()), int((outside & errors).sum())
    p = float(fisher_exact([[a, n - a], [b, m - b]], alternative="greater")[1])
    return {"kind": kind, "errors": a, "of": n, "rest_errors": b, "rest_of": m, "p": p}


def _holm(tests: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The tests in the order of p, with p corrected for all of them."""
    ordered = sorted(tests, key=lambda each: (each["p"], each["field"], each["value"]))
    least, corrected = 0.0, []
    for number, each in enumerate(ordered):
        least = max(least, min(1.0, each["p"] * (len(ordered) - number)))
        corrected.append({**each, "p": least})
    return corrected
