"""A model that remembers its answers to the last few lists of texts.

Evaluation asks each model for dev and test, once as the candidate and perhaps once more beside
another candidate; a fine-tuned encoder takes minutes to answer what it has answered already.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from sftsec_core.contracts import TrainedModel

KEPT = 4


class Remembered:
    """A `TrainedModel` around another one."""

    def __init__(self, model: TrainedModel) -> None:
        self.inner = model
        self._answers: OrderedDict[tuple[str, ...], NDArray[np.float64]] = OrderedDict()

    @property
    def labels(self) -> tuple[str, ...]:
        """The inner model's."""
        return self.inner.labels

    def predict_proba(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """The inner model's answer, from memory where it is there."""
        key = tuple(texts)
        if key not in self._answers:
            self._answers[key] = self.inner.predict_proba(texts)
            if len(self._answers) > KEPT:
                self._answers.popitem(last=False)
        return self._answers[key].copy()

    def save(self, folder: Path) -> None:
        """Save the inner model."""
        self.inner.save(folder)
