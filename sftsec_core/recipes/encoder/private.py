"""Fine-tuning with differential privacy: DP-SGD (Abadi et al. 2016) by Opacus.

A step draws rows by chance (Poisson), bounds the gradient of each, adds them up and adds Gaussian
noise; what all steps spend is Opacus's accountant's to say. Protected is one cluster of
near-duplicates, of which one row is trained on.

Nothing else may be learned from the rows: a text is its first window, class weights and the
inputs beside the text are left out, embeddings stay as they were pretrained, and dev chooses no
step. Texts are padded, not packed, for a row's gradient has to stay its own. The noise is the
operating system's: noise of a seed that is known could be subtracted again, so that two trainings
give two models, and one that was killed begins again.
"""

from __future__ import annotations

import secrets
import time
import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from sftsec_core.api.domain import Batch
from sftsec_core.api.errors import PluginError, TrainingError
from sftsec_core.recipes.encoder.architecture import check_reading, filling_id
from sftsec_core.recipes.encoder.classifier import EncoderModel, PooledClassifier
from sftsec_core.recipes.encoder.classifier_parts import set_dropout
from sftsec_core.recipes.encoder.data import EncodedTexts, pad_rows
from sftsec_core.recipes.encoder.encoder import pick_device, quiet_transformers
from sftsec_core.recipes.encoder.windows import encode_windows
from sftsec_core.recipes.private_rows import planned_spend
from sftsec_core.recipes.reading import Reading
from sftsec_core.sdk.privacy_accounting import one_a_cluster

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from sftsec_core.api.contracts import TrainJob
    from sftsec_core.api.domain import Example, PrivacySpend
    from sftsec_core.recipes.config import FineTuneConfig
    from sftsec_core.recipes.encoder.loop import FineTuning
    from sftsec_core.recipes.privacy_config import PrivateSettings

AT_ONCE = 32  # rows whose gradients are held at the same time
_LOG_SHARE = 50  # a training logs about so often


def private_fine_tune(job: TrainJob[FineTuneConfig], how: FineTuning) -> EncoderModel:
    """Train an encoder so that the job's rows stay private.

    A deadline ends it after fewer steps, which spend less than was planned.

    Raises:
        TrainingError: when fewer than two classes are trusted, the encoder has layers whose
            gradients cannot be told apart by row, or the training diverges.
        ConfigError, IntegrityError: when the encoder is not there or not the right one.
        PluginError: when Opacus is not installed.
    """
    settings = job.config.privacy
    if settings is None:
        raise TrainingError("the recipe has no settings of privacy")
    examples = one_a_cluster(job.train)
    if len({example.label for example in examples}) < 2:
        raise TrainingError("fine-tuning needs trusted examples of two labels at least")
    spend = planned_spend(settings, len(examples))
    with quiet_transformers():
        encoder, tokenizer = how.source(job).load()
        reading = Reading.of(job.config.encoder).at_most(1)
        check_reading(encoder, tokenizer, reading)
        module = private_module(job, how, encoder)
        texts = Batch.of_examples(job.task.inputs, examples).text()
        encoded = cast("EncodedTexts", encode_windows(texts, tokenizer, reading))
        rows = PrivateRows(encoded, examples, job.task.labels, filling_id(tokenizer, encoder))
        steps = _descend(job, how, module, rows, spend)
    if not all(bool(torch.isfinite(each).all()) for each in module.parameters()):
        raise TrainingError("training diverged: lower privacy.learning_rate of the recipe")
    module.encoder = how.merge(module.encoder)
    notes = {"differential_privacy": _spent(settings, spend, len(examples), steps)}
    return EncoderModel(
        module, tokenizer, job.task.labels, reading=reading, precision="fp32", notes=notes
    )


def private_module(
    job: TrainJob[FineTuneConfig], how: FineTuning, encoder: torch.nn.Module
) -> PooledClassifier:
    """What is trained: noise is its dropout, and its embeddings stay as they are.

    Each row would have a gradient of the whole vocabulary.
    """
    set_dropout(encoder, 0.0)
    module = PooledClassifier(encoder, len(job.task.labels), 0.0)
    still = replace(job, config=job.config.model_copy(update={"dropout": 0.0}))
    module.encoder = how.wrap(module.encoder, still)
    for layer in module.modules():
        if isinstance(layer, torch.nn.Embedding):
            layer.requires_grad_(requires_grad=False)
    module.windows.requires_grad_(requires_grad=False)
    return module.to(pick_device())


class PrivateRows:
    """The rows of a training as tensors, drawn by chance."""

    def __init__(
        self, texts: EncodedTexts, examples: Sequence[Example], labels: Sequence[str], pad_id: int
    ) -> None:
        """Take the rows.

        Args:
            texts: a window each.
            examples: the same rows.
            labels: in the columns' order.
            pad_id: fills the rest of a row.
        """
        column = {label: number for number, label in enumerate(labels)}
        self._texts, self._pad_id = texts, pad_id
        self._labels = torch.tensor([column[each.label] for each in examples])
        self._weights = torch.tensor([min(each.weight, 1.0) for each in examples])
        self._draw = np.random.default_rng(secrets.randbits(256))

    def __len__(self) -> int:
        return len(self._labels)

    def drawn(self, sample_rate: float) -> Iterator[NDArray[np.int64]]:
        """The rows of one step, each with a chance of its own, in parts that memory holds."""
        chosen = np.flatnonzero(self._draw.random(len(self)) < sample_rate)
        for start in range(0, len(chosen), AT_ONCE):
            yield chosen[start : start + AT_ONCE]

    def loss(self, module: torch.nn.Module, rows: NDArray[np.int64]) -> torch.Tensor:
        """The sum of the rows' losses, each by the trust in its label."""
        device = next(module.parameters()).device
        tensors = pad_rows(self._texts.take(rows), self._pad_id)
        given = {name: each.to(device) for name, each in tensors.items()}
        each = cross_entropy(module(**given), self._labels[rows].to(device), reduction="none")
        return (each * self._weights[rows].to(device)).sum()


def per_row(module: torch.nn.Module) -> Any:  # noqa: ANN401 - Opacus has no types
    """The module, with a gradient for each row beside each weight (`grad_sample`).

    Raises:
        TrainingError: when a layer's gradients cannot be told apart by row.
        PluginError: when Opacus is not installed.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from opacus import GradSampleModule
    except ImportError as error:
        raise PluginError("privacy takes Opacus: pip install 'sftsec[privacy]'") from error
    try:
        return GradSampleModule(module, loss_reduction="sum", strict=False)
    except (NotImplementedError, ValueError) as error:
        raise TrainingError(f"this encoder cannot be trained with privacy: {error}") from error


def _descend(
    job: TrainJob[FineTuneConfig],
    how: FineTuning,
    module: PooledClassifier,
    rows: PrivateRows,
    spend: PrivacySpend,
) -> int:
    """Take the steps; return how many the deadline allowed."""
    settings, began = cast("PrivateSettings", job.config.privacy), time.monotonic()
    wrapped = per_row(module.train())
    optimizer = _optimizer(how, module, len(rows), settings, spend)
    done = 0
    with warnings.catch_warnings():
        # Opacus's hooks see layers whose inputs need no gradient: those of frozen embeddings.
        warnings.filterwarnings("ignore", "Full backward hook is firing", UserWarning)
        for step in range(spend.steps):
            late = job.deadline_s is not None and time.monotonic() - began > job.deadline_s
            if late:
                break
            _step(wrapped, optimizer, rows, spend.sample_rate)
            done = step + 1
            if done % max(spend.steps // _LOG_SHARE, 1) == 0:
                job.log(done, {"steps": float(spend.steps)})
    wrapped.remove_hooks()
    return done


def _step(
    wrapped: Any,  # noqa: ANN401 - Opacus has no types
    optimizer: Any,  # noqa: ANN401 - Opacus has no types
    rows: PrivateRows,
    sample_rate: float,
) -> None:
    parts = list(rows.drawn(sample_rate))
    for number, part in enumerate(parts):
        torch.autograd.backward(rows.loss(wrapped, part))
        optimizer.signal_skip_step(do_skip=number + 1 < len(parts))
        optimizer.step()
        optimizer.zero_grad()
    if not parts:
        # A step that drew none adds noise all the same: that it drew none would show.
        for parameter in optimizer.params:
            parameter.grad_sample = torch.zeros((1, *parameter.shape), device=parameter.device)
        optimizer.step()
        optimizer.zero_grad()


def _optimizer(
    how: FineTuning,
    module: PooledClassifier,
    rows: int,
    settings: PrivateSettings,
    spend: PrivacySpend,
) -> Any:  # noqa: ANN401 - Opacus has no types
    from opacus.optimizers import DPOptimizer

    groups: dict[bool, list[torch.nn.Parameter]] = {True: [], False: []}
    for name, parameter in module.named_parameters():
        if parameter.requires_grad:
            groups[not name.startswith("encoder.")].append(parameter)
    rates = {True: how.head_rate, False: how.rate}
    plain = torch.optim.AdamW(
        [
            {"params": found, "lr": settings.learning_rate * rates[in_head]}
            for in_head, found in groups.items()
        ],
        weight_decay=0.0,
    )
    device = next(module.parameters()).device
    chance = torch.Generator(device).manual_seed(secrets.randbits(63))
    return DPOptimizer(
        plain,
        noise_multiplier=spend.noise_multiplier,
        max_grad_norm=settings.clip,
        expected_batch_size=max(round(spend.sample_rate * rows), 1),
        loss_reduction="mean",
        generator=chance,
    )


def _spent(settings: PrivateSettings, spend: PrivacySpend, rows: int, steps: int) -> dict[str, Any]:
    """What the card says of the training."""
    return {
        "epsilon": settings.epsilon,
        "delta": settings.delta_of(rows),
        **spend.to_json(),
        "steps_taken": steps,
        "rows": rows,
        "unit": "a cluster of near-duplicates",
    }
