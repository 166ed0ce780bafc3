"""Which test rows are of which group, and which rows depend on each other."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from sftsec_core.api.domain import TEXT_INPUT
from sftsec_core.sdk.scripts import script_of
from sftsec_fair.config import SCRIPT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from sftsec_core.api import Example
    from sftsec_fair.config import FairnessSettings

    Columns = Mapping[str, NDArray[np.object_]]


@dataclass(frozen=True, slots=True)
class Group:
    """A group of n rows beside all others that have a value too.

    Attributes:
        name: for people: "host.type=server", or two of them joined by " and ".
        inside: its rows, shape (n,).
        rest: rows of the other groups of its fields, shape (n,).
    """

    name: str
    inside: NDArray[np.bool_]
    rest: NDArray[np.bool_]


def facet_columns(
    examples: Sequence[Example], settings: FairnessSettings
) -> dict[str, NDArray[np.object_]]:
    """Each field's values, shape (n,), "" where a row has none; fields of one value are no help."""
    names = dict.fromkeys(name for each in examples for name in each.facets)
    columns = {name: _array([each.facets.get(name, "") for each in examples]) for name in names}
    columns[SCRIPT] = _array([_script(each) for each in examples])
    asked = {name: columns[name] for name in settings.fields or columns if name in columns}
    return {name: each for name, each in asked.items() if len(_large(each, settings)) > 1}


def find_groups(columns: Columns, settings: FairnessSettings) -> list[Group]:
    """The groups that are large enough, those of one field first, then the intersections."""
    large = {name: _large(values, settings) for name, values in columns.items()}
    single = [
        Group(f"{name}={value}", columns[name] == value, _others(columns[name], value))
        for name, values in large.items()
        for value in values
    ]
    if not settings.intersections:
        return single
    known = {each.inside.tobytes() for each in single}
    crossed = (
        group
        for one, two in combinations(columns, 2)
        for group in _crossed((one, two), columns, large, settings)
    )
    return [*single, *(each for each in crossed if each.inside.tobytes() not in known)]


def pooled(columns: Columns, settings: FairnessSettings) -> dict[str, dict[str, int]]:
    """For each field the rows without a value, and those of groups too small to be compared."""
    found = {}
    for name, values in columns.items():
        missing = int((values == "").sum())
        large = int(np.isin(values, _large(values, settings)).sum())
        found[name] = {"missing": missing, "too_small": len(values) - missing - large}
    return found


def combined_codes(columns: Columns) -> NDArray[np.int64]:
    """A number for each combination of values, shape (n,)."""
    rows = list(zip(*(values.tolist() for values in columns.values()), strict=True))
    numbers: dict[tuple[str, ...], int] = {}
    return np.array([numbers.setdefault(row, len(numbers)) for row in rows], dtype=np.int64)


def independent_units(examples: Sequence[Example]) -> NDArray[np.int64]:
    """Number the rows so that those of one number may depend on each other, shape (n,).

    Those are near-duplicates of each other, and rows of one case or host (`Example.groups`), except
    where that is the very group which is compared.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n = len(examples)
    keys: dict[object, int] = {}
    edges = [
        (row, n + keys.setdefault(key, len(keys)))
        for row, example in enumerate(examples)
        for key in _keys(example)
    ]
    ones, (rows, columns) = np.ones(len(edges)), np.array(edges or [(0, 0)]).T[:, : len(edges)]
    nodes = n + len(keys)
    joined = coo_array((ones, (rows, columns)), shape=(nodes, nodes))
    labels = connected_components(joined, directed=False)[1]
    return np.asarray(labels[:n], dtype=np.int64)


def _keys(example: Example) -> Iterator[object]:
    if example.cluster >= 0:
        yield example.cluster
    values = set(example.facets.values())
    yield from (("group", name) for name in example.groups if name not in values)


def _script(example: Example) -> str:
    text = example.inputs.get(TEXT_INPUT)
    return script_of(text) if isinstance(text, str) else ""


def _crossed(
    names: tuple[str, str],
    columns: Columns,
    large: Mapping[str, Sequence[str]],
    settings: FairnessSettings,
) -> Iterator[Group]:
    one, two = (columns[name] for name in names)
    known = (one != "") & (two != "")
    found = []
    for first in large[names[0]]:
        for second in large[names[1]]:
            inside = (one == first) & (two == second)
            if inside.sum() >= settings.fewest:
                name = f"{names[0]}={first} and {names[1]}={second}"
                found.append(Group(name, inside, known & ~inside))
    found.sort(key=lambda each: (-int(each.inside.sum()), each.name))
    yield from found[: settings.most]


def _others(values: NDArray[np.object_], value: str) -> NDArray[np.bool_]:
    return np.asarray((values != "") & (values != value))


def _large(values: NDArray[np.object_], settings: FairnessSettings) -> list[str]:
    sizes = Counter(value for value in values.tolist() if value)
    ordered = sorted(sizes, key=lambda value: (-sizes[value], value))
    return [value for value in ordered if sizes[value] >= settings.fewest][: settings.most]


def _array(values: Sequence[str]) -> NDArray[np.object_]:
    return np.fromiter(values, np.object_, count=len(values))
