"""The losses of fine-tuning; each weighs examples by their trust.

    cross_entropy   classes weigh by their rarity, `weights.class_weights`
    focal           what is right already counts less: Lin, Focal Loss for Dense Object
                    Detection, ICCV 2017
    class_balanced  classes weigh by their effective number of examples: Cui, Class-Balanced Loss
                    Based on Effective Number of Samples, CVPR 2019
    ldam            rare classes need a larger margin, and their weight comes late (DRW): Cao,
                    Learning Imbalanced Datasets with Label-Distribution-Aware Margin Loss,
                    NeurIPS 2019

With balanced batches no class weighs more than another: rare ones come more often.

Each is divided by the number of examples and not, as torch does, by the sum of the weights: that
would give a batch of frequent examples the same say as one that holds the rare class.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn import functional

from sftsec_core.recipes.weights import class_weights, effective_weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sftsec_core.recipes.config import TrainingConfig

BETA = 0.9999  # of the effective number, in both papers
MAX_MARGIN = 0.5  # of the rarest class
DRW_FROM = 0.8  # of the training, from where on rare classes weigh more


@dataclass(frozen=True, slots=True)
class Loss:
    """A batch's loss: the mean over its examples of trust, class weight and term.

    Attributes:
        weights: of each class, shape (classes,), float32.
        late_weights: from `DRW_FROM` of the training on; the same where nothing is deferred.
        margins: taken from an example's own logit, shape (classes,).
        gamma: of the focal loss; 0: none.
        smoothing: probability that a target gives to all classes alike.
    """

    weights: torch.Tensor
    late_weights: torch.Tensor
    margins: torch.Tensor
    gamma: float = 0.0
    smoothing: float = 0.0

    @classmethod
    def of(
        cls,
        config: TrainingConfig,
        labels: NDArray[np.int64],
        trust: NDArray[np.float32],
        classes: int,
        device: torch.device | None = None,
    ) -> Loss:
        """Make the loss that a recipe's settings name, for these training labels.

        Args:
            config: `loss`, `class_weights`, `batches`, `focal_gamma`, `label_smoothing`.
            labels: column numbers, shape (n,).
            trust: of each label, shape (n,).
            classes: number of columns.
            device: where the training is: nothing is copied there in a step.
        """
        flat = class_weights(labels, trust, classes, "none")
        by_number = effective_weights(labels, trust, classes, BETA)
        weights = class_weights(labels, trust, classes, config.class_weights)
        margins = np.zeros(classes, dtype=np.float32)
        if config.loss == "class_balanced":
            weights = by_number
        late = weights
        if config.loss == "ldam":
            weights, late = flat, by_number
            margins = _margins(labels, trust, classes)
        if config.batches == "balanced":
            weights = late = flat
        return cls(
            torch.from_numpy(weights).to(device),
            torch.from_numpy(late).to(device),
            torch.from_numpy(margins).to(device),
            config.focal_gamma if config.loss == "focal" else 0.0,
            config.label_smoothing,
        )

    def __call__(
        self,
        logits: torch.Tensor,
        labels: torch.Tensor,
        trust: torch.Tensor,
        *,
        progress: float = 0.0,
    ) -> torch.Tensor:
        """The loss of a batch.

        Args:
            logits: shape (rows, classes).
            labels: int64, shape (rows,).
            trust: weight of each example, shape (rows,).
            progress: fraction of the training that is over.

        Returns:
            A scalar, float32, on the logits' device.
        """
        device = logits.device
        weights = self.late_weights if progress >= DRW_FROM else self.weights
        own = functional.one_hot(labels, logits.shape[1]).bool()
        shifted = torch.where(own, logits.float() - self.margins.to(device), logits.float())
        terms = functional.cross_entropy(
            shifted, labels, reduction="none", label_smoothing=self.smoothing
        )
        if self.gamma:
            right = torch.softmax(shifted, dim=-1).gather(1, labels[:, None])[:, 0]
            terms = terms * (1 - right) ** self.gamma
        return (terms * trust * weights.to(device)[labels]).mean()


def _margins(
    labels: NDArray[np.int64], trust: NDArray[np.float32], classes: int
) -> NDArray[np.float32]:
    """Cao 2019, equation 13: a class's margin falls with the fourth root of its examples."""
    counts = np.bincount(labels, weights=trust, minlength=classes)
    margins = np.zeros(classes)
    present = counts > 0
    margins[present] = counts[present] ** -0.25
    scaled: NDArray[np.float64] = MAX_MARGIN * margins / margins.max()
    return scaled.astype(np.float32)
