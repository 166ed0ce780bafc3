"""The teacher of self-training: what labels rows of a pool.

With few labels it is the mean of `linear` and `hybrid`: n-grams and an encoder's vectors err on
other rows, so that each learns from the other's labels too (Blum and Mitchell, "Combining labeled
and unlabeled data with co-training", COLT 1998). With many labels `linear` alone, which reads a
large pool in seconds.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sftsec_core.api.contracts import TrainJob
from sftsec_core.recipes.blend import BlendModel
from sftsec_core.recipes.config import EncoderSettings, HybridConfig
from sftsec_core.recipes.dev_check import fit_teacher
from sftsec_core.recipes.hybrid import train_hybrid
from sftsec_core.recipes.sampling import judged
from sftsec_core.recipes.specs import RECIPES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sftsec_core.api.contracts import TrainedModel
    from sftsec_core.api.domain import Example, TaskSpec
    from sftsec_core.api.settings.task import TrainSettings
    from sftsec_core.api.settings.unlabelled import SelfTrainingSettings

FEW_LABELS = 500  # below which an encoder labels, too
ENCODED_ROWS = 5000  # of a pool, at most, where it does: a minute on one core


def reads_vectors(config: SelfTrainingSettings, train: Sequence[Example]) -> bool:
    """Whether `hybrid` labels beside `linear`: if asked, or installed and labels are few."""
    if config.teacher != "auto":
        return config.teacher == "both"
    hybrid = next(each for each in RECIPES if each.name == "hybrid")
    return len(judged(train)) < FEW_LABELS and hybrid.missing() is None


def fit_labeller(
    train: Sequence[Example], task: TaskSpec, settings: TrainSettings, *, vectors: bool
) -> TrainedModel:
    """Fit `linear`, and `hybrid` beside it where vectors are read.

    Args:
        train: labelled rows.
        task: gives the labels and the text that is read.
        settings: the seed, and the encoder where the recipe's settings name one.
        vectors: whether `hybrid` is fitted.

    Raises:
        DataError: when train has fewer than two labels.
        ConfigError, IntegrityError: when the encoder is not there or not the right one.
    """
    linear = fit_teacher(train, task, settings)
    if not vectors:
        return linear
    config = HybridConfig(encoder=_encoder(settings))
    job = TrainJob(task=task, train=train, dev=(), config=config, settings=settings, workdir=Path())
    return BlendModel(task.labels, {"linear": linear, "hybrid": train_hybrid(job)})


def _encoder(settings: TrainSettings) -> EncoderSettings:
    """The encoder of the task's recipe; the packaged one where it names none."""
    named: Any = settings.recipe.options().get("encoder")
    names_one = isinstance(named, dict) and "path" in named
    return EncoderSettings.model_validate(named) if names_one else EncoderSettings()
