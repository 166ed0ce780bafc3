"""What an evaluation is made of: metrics, attacks, explainers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from sftsec_core.api.contracts.recipe import TrainedModel


@dataclass(frozen=True, slots=True)
class MetricSpec:
    """A figure of quality for the report.

    Attributes:
        compute: (true classes as column numbers, shape (n,); probabilities, shape (n, k);
            the benign column or None) to the figure, or None where it is undefined.
    """

    name: str
    summary: str
    higher_is_better: bool
    compute: Callable[[NDArray[np.int64], NDArray[np.float64], int | None], float | None]


@dataclass(frozen=True, slots=True)
class AttackSpec:
    """A way to disguise a text while it still does the same: for robustness tests."""

    name: str
    summary: str
    perturb: Callable[[str, Random], str]


@dataclass(frozen=True, slots=True)
class ExplainerSpec:
    """A way to say why: for each text its most telling pieces, with their weights."""

    name: str
    summary: str
    explain: Callable[[TrainedModel, Sequence[str]], Sequence[Sequence[tuple[str, float]]]]
