"""What an evaluation is made of besides the built-in figures: metrics and audits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from sftsec_core.api.contracts.base import ConfigT, Spec

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# The figures of `ModelScores.metrics` that the core computes; a plugin may not take their names.
CORE_METRICS = frozenset(
    {
        *("accuracy", "macro_f1", "micro_f1", "macro_precision", "macro_recall"),
        *("f1", "precision", "recall", "fpr", "tpr_at_fpr_0.001", "tpr_at_fpr_0.01"),
        *("roc_auc", "average_precision", "mcc", "ece"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricSpec(Spec[ConfigT]):
    """A figure of quality, in every report with its interval.

    Attributes:
        compute: (true classes as column numbers, shape (n,); probabilities, shape (n, k);
            the benign column or None) to the figure, or None where it is undefined.
    """

    hook: ClassVar[str] = "sftsec_register_metrics"
    kind: ClassVar[str] = "metric"
    reserved: ClassVar[frozenset[str]] = CORE_METRICS

    higher_is_better: bool
    compute: Callable[[NDArray[np.int64], NDArray[np.float64], int | None], float | None]
