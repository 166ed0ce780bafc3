"""The loop that adapts an encoder: first its fresh head alone, then both."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from torch.utils.data import DataLoader
from transformers import PrinterCallback, TrainingArguments

from sftsec_core.recipes.encoder.callbacks import StepLog, StepProgress, StepSeed, TimedCheckpoint
from sftsec_core.recipes.encoder.checkpoint import SELECTION, best_step, trained_weights
from sftsec_core.recipes.encoder.data import LengthBucketSampler
from sftsec_core.recipes.encoder.encoder import length_buckets, pick_device
from sftsec_core.recipes.encoder.loop import CHECKPOINT_EVERY_S, LOG_SHARE
from sftsec_core.recipes.encoder.masked_model import MaskedLanguageModel, mean_loss
from sftsec_core.recipes.encoder.packing import to_device
from sftsec_core.recipes.encoder.pickle_free import PickleFreeTrainer
from sftsec_core.recipes.encoder.speed import scoring_budget

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from sftsec_core.api.contracts import TrainJob
    from sftsec_core.recipes.adaptation import AdaptationSettings
    from sftsec_core.recipes.encoder.callbacks import Deadline
    from sftsec_core.recipes.encoder.masking import MaskableTexts, Masker


@dataclass(frozen=True, slots=True)
class AdaptationData:
    """What an encoder is adapted on.

    Attributes:
        model: the encoder under its head, on the device that trains.
        dev: is told before, meanwhile and after; not empty.
        bf16: whether matrices are multiplied in bfloat16.
    """

    model: MaskedLanguageModel
    tokenizer: Any
    masker: Masker
    train: MaskableTexts
    dev: MaskableTexts
    bf16: bool


@dataclass(frozen=True, slots=True)
class AdaptationSteps:
    """The steps of an adaptation.

    Attributes:
        total: all of them.
        head: of these the first, which leave the encoder as it is.
        every: steps from one evaluation to the next; `head` is such a step.
    """

    total: int
    head: int
    every: int

    @classmethod
    def of(cls, total: int, config: AdaptationSettings) -> AdaptationSteps:
        """Divide steps so that the head's end in an evaluation: that of the parent."""
        every = max(total // config.evaluations, 1)
        head = max(round(config.head_share * total / every), 1) * every
        return cls(total, head, every)

    def head_rate(self, step: int, warmup: float) -> float:
        """The head's learning rate at a step, as a fraction: it rises once, and falls to 0."""
        return _ramp(step, self.total, warmup * self.head)

    def encoder_rate(self, step: int, warmup: float) -> float:
        """The encoder's: 0 while the head is trained alone, then likewise."""
        left = self.total - self.head
        return _ramp(step - self.head, left, warmup * left) if step >= self.head else 0.0


def _ramp(step: int, steps: int, warm: float) -> float:
    if step < warm:
        return step / warm
    return max((steps - step) / max(steps - warm, 1.0), 0.0)


class EncoderAdapter(PickleFreeTrainer):
    """The Trainer with masked words for a task, and two learning rates."""

    def __init__(
        self,
        job: TrainJob[AdaptationSettings],
        data: AdaptationData,
        steps: AdaptationSteps,
        deadline: Deadline,
        progress: Callable[[int, int], None],
        folder: Path,
    ) -> None:
        """Set a run up; nothing is trained yet."""
        self._job, self._data, self._steps = job, data, steps
        super().__init__(
            model=data.model,
            args=_arguments(job, steps, folder),
            data_collator=data.masker.pad,
            train_dataset=data.train,
            eval_dataset=data.dev,
            callbacks=[
                StepSeed(job.settings.seed),
                StepLog(job.log),
                StepProgress(progress),
                deadline,
                TimedCheckpoint(CHECKPOINT_EVERY_S),
            ],
        )
        self.remove_callback(PrinterCallback)

    def training_step(
        self,
        model: torch.nn.Module,
        inputs: Mapping[str, Any],
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> torch.Tensor:
        """The gradients of a batch; its loss, not waited for."""
        self._data.model.train()
        loss = masked_loss(
            self._data,
            to_device(inputs, self.args.device),
            head_alone=self.state.global_step < self._steps.head,
        )
        loss.backward()  # type: ignore[no-untyped-call]
        return loss.detach()

    def evaluate(self, *_: object, **__: object) -> dict[str, float]:
        """How well dev's words are told; the best weights are kept."""
        figures = {SELECTION: log_likelihood(self._data)[0]}
        self.log(dict(figures))
        if best_step(self.state.log_history) == self.state.global_step:
            self.best = trained_weights(self.model)
        control: Any = self.callback_handler.on_evaluate(
            self.args, self.state, vars(self)["control"], figures
        )
        self.control = control
        return figures

    def get_train_dataloader(self) -> DataLoader[Any]:
        """Batches of like lengths, in an order that the seed and the epoch decide."""
        sampler = LengthBucketSampler(
            self._data.train.rows.lengths, self._train_batch_size, self._job.settings.seed
        )
        loader = DataLoader(
            self._data.train,
            batch_size=self._train_batch_size,
            sampler=sampler,
            collate_fn=self.data_collator,
            num_workers=0,
            pin_memory=self.args.dataloader_pin_memory,
        )
        prepared: DataLoader[Any] = self.accelerator.prepare(loader)
        return prepared

    def create_optimizer(self, model: torch.nn.Module | None = None) -> torch.optim.Optimizer:
        """AdamW: the encoder's parameters, then the head's; no decay on biases and norms."""
        if self.optimizer is None:
            target = self.model if model is None else model
            kind, options = self.get_optimizer_cls_and_kwargs(self.args, target)
            config, decayed = self._job.config, set(self.get_decay_parameter_names(target))
            groups = [
                {
                    "params": [
                        parameter
                        for name, parameter in target.named_parameters()
                        if parameter.requires_grad
                        and name.startswith("encoder.") == encoder
                        and (name in decayed) == decays
                    ],
                    "lr": config.learning_rate if encoder else config.head_rate,
                    "weight_decay": config.weight_decay if decays else 0.0,
                }
                for encoder in (True, False)
                for decays in (True, False)
            ]
            self.optimizer: Any = kind(groups, **options)
        return cast("torch.optim.Optimizer", self.optimizer)

    def create_scheduler(
        self, num_training_steps: int, optimizer: torch.optim.Optimizer | None = None
    ) -> torch.optim.lr_scheduler.LRScheduler:
        """The rates of `AdaptationSteps`, for the groups of `create_optimizer`."""
        steps, warmup = self._steps, self._job.config.warmup
        rates = [steps.encoder_rate] * 2 + [steps.head_rate] * 2
        scheduler = torch.optim.lr_scheduler.LambdaLR(
            self.optimizer if optimizer is None else optimizer,
            [partial(rate, warmup=warmup) for rate in rates],
        )
        self.lr_scheduler: Any = scheduler
        return scheduler


def masked_loss(
    data: AdaptationData, batch: Mapping[str, torch.Tensor], *, head_alone: bool
) -> torch.Tensor:
    """The mean loss of a padded batch with words masked by torch's own chance."""
    device = batch["input_ids"].device
    with torch.autocast(device.type, dtype=torch.bfloat16, enabled=data.bf16):
        return mean_loss(data.model(**data.masker.mask(batch), head_alone=head_alone))


def log_likelihood(data: AdaptationData) -> tuple[float, int]:
    """How well dev's masked tokens are told, with the same ones masked each time.

    Returns:
        The mean logarithm of their probabilities, and how many they are. Minus its exponential is
        a pseudo-perplexity (Salazar 2020) of whole words, some of a text at a time.
    """
    model, dev = data.model.eval(), data.dev
    device = model.bias.device
    generator = torch.Generator(device).manual_seed(0)
    total, count = 0.0, 0
    with torch.inference_mode():
        for indices in length_buckets(dev.rows.lengths.tolist(), scoring_budget()):
            batch = to_device(data.masker.pad(dev.take(np.array(indices))), device)
            with torch.autocast(device.type, dtype=torch.bfloat16, enabled=data.bf16):
                losses = model(**data.masker.mask(batch, generator))
            total, count = total - float(losses.double().sum()), count + len(losses)
    return total / count, count


def perplexity(likelihood: float) -> float:
    """The perplexity that a mean log-likelihood is."""
    return math.exp(-likelihood)


def _arguments(
    job: TrainJob[AdaptationSettings], steps: AdaptationSteps, folder: Path
) -> TrainingArguments:
    config = job.config
    return TrainingArguments(
        output_dir=str(folder),
        max_steps=steps.total,
        per_device_train_batch_size=config.batch_size,
        learning_rate=config.learning_rate,
        weight_decay=config.weight_decay,
        max_grad_norm=config.max_grad_norm,
        seed=job.settings.seed,
        use_cpu=pick_device().type == "cpu",
        eval_strategy="steps",
        eval_steps=steps.every,
        save_strategy="no",  # `TimedCheckpoint` says when
        save_total_limit=2,  # a damaged one gives way to the one before
        logging_strategy="steps",
        logging_steps=LOG_SHARE,
        logging_nan_inf_filter=False,  # it waits for the device at each step
        label_names=["words"],
        remove_unused_columns=False,
        dataloader_pin_memory=torch.cuda.is_available(),
        report_to="none",
        disable_tqdm=True,  # progress goes to the job's log
        log_level="error",
    )
