"""The training loop: `transformers.Trainer` with our loss, batches, learning rates, checkpoints."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from sklearn.metrics import f1_score
from torch.utils.data import DataLoader
from transformers import PrinterCallback, Trainer, TrainingArguments

from sftsec_core.recipes.encoder.callbacks import (
    Deadline,
    EarlyStop,
    StepLog,
    StepSeed,
    TimedCheckpoint,
)
from sftsec_core.recipes.encoder.checkpoint import (
    load_optimizer,
    load_weights,
    save_optimizer,
    save_weights,
)
from sftsec_core.recipes.encoder.classifier import PooledClassifier, pad_id
from sftsec_core.recipes.encoder.data import LabelledTexts, LengthBucketSampler, PadCollator
from sftsec_core.recipes.encoder.encoder import half_precision, pick_device
from sftsec_core.recipes.encoder.loss import weighted_cross_entropy
from sftsec_core.recipes.weights import class_weights

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sftsec_core.api.contracts import TrainJob
    from sftsec_core.recipes.config import FineTuneConfig

CHECKPOINT_EVERY_S = 60.0
LOG_SHARE = 0.02  # of the steps: a run logs about fifty times


@dataclass(frozen=True, slots=True)
class FineTuning:
    """What distinguishes one recipe that trains an encoder from another.

    Attributes:
        recipe: its name.
        rate: the encoder's learning rate, as a multiple of `train.learning_rate`.
        head_rate: the head's, as a multiple of the same.
        wrap: makes of the pretrained encoder what is trained.
        merge: makes of that a plain encoder again.
    """

    recipe: str
    rate: float
    head_rate: float
    wrap: Callable[[torch.nn.Module, TrainJob[Any]], torch.nn.Module] = lambda encoder, _job: (
        encoder
    )
    merge: Callable[[torch.nn.Module], torch.nn.Module] = lambda encoder: encoder


@dataclass(frozen=True, slots=True)
class Prepared:
    """A module to train, and its examples as tensors.

    Attributes:
        dev: by falling length, so that batches in order are padded little; empty for none.
    """

    module: PooledClassifier
    tokenizer: Any
    train: LabelledTexts
    dev: LabelledTexts


class FineTuner(Trainer):  # type: ignore[misc]  # transformers is untyped
    """The Trainer with our loss, batches, learning rates and checkpoints.

    The underscored methods replace its pickles (see `torch_checkpoint`). They are not its
    public interface: a test trains and looks for pickles, so that a new release that renames one
    is noticed.
    """

    def __init__(
        self,
        job: TrainJob[FineTuneConfig],
        how: FineTuning,
        ready: Prepared,
        epochs: float,
        deadline: Deadline,
    ) -> None:
        """Set a run up; nothing is trained yet."""
        self._job, self._how, self._ready = job, how, ready
        super().__init__(
            model=ready.module,
            args=_arguments(job, how, epochs, dev=bool(len(ready.dev))),
            data_collator=PadCollator(pad_id(ready.tokenizer)),
            train_dataset=ready.train,
            eval_dataset=ready.dev if len(ready.dev) else None,
            compute_metrics=_macro_f1,
            callbacks=[
                StepSeed(job.settings.seed),
                StepLog(job.log),
                EarlyStop(job.config.patience),
                deadline,
                TimedCheckpoint(CHECKPOINT_EVERY_S),
            ],
        )
        self.remove_callback(PrinterCallback)
        weights = class_weights(
            ready.train.labels,
            ready.train.weights,
            len(job.task.labels),
            job.config.class_weights,
        )
        self._class_weights = torch.from_numpy(weights).to(self.args.device)

    def compute_loss(
        self,
        model: torch.nn.Module,
        inputs: Mapping[str, torch.Tensor],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> Any:  # noqa: ANN401 - the Trainer's two shapes of answer
        """The weighted loss of a batch, and the logits where the Trainer wants them."""
        outputs = model(input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"])
        loss = weighted_cross_entropy(
            outputs["logits"], inputs["labels"], inputs["weights"], self._class_weights
        )
        return (loss, outputs) if return_outputs else loss

    def get_train_dataloader(self) -> DataLoader[Any]:
        """Batches of like length, in an order that the seed and the epoch decide."""
        sampler = LengthBucketSampler(
            self._ready.train.encoded.lengths, self._train_batch_size, self._job.settings.seed
        )
        loader = DataLoader(
            self._ready.train,
            batch_size=self._train_batch_size,
            sampler=sampler,
            collate_fn=self.data_collator,
            num_workers=0,
            pin_memory=self.args.dataloader_pin_memory,
        )
        prepared: DataLoader[Any] = self.accelerator.prepare(loader)
        return prepared

    def create_optimizer(self, model: torch.nn.Module | None = None) -> torch.optim.Optimizer:
        """AdamW; no decay on biases and norms, a rate of its own for the fresh head."""
        if self.optimizer is None:
            target = self.model if model is None else model
            kind, options = self.get_optimizer_cls_and_kwargs(self.args, target)
            self.optimizer: Any = kind(self._parameter_groups(target), **options)
        return cast("torch.optim.Optimizer", self.optimizer)

    def _parameter_groups(self, model: torch.nn.Module) -> list[dict[str, Any]]:
        config, decayed = self._job.config, set(self.get_decay_parameter_names(model))
        groups: dict[tuple[bool, bool], list[torch.nn.Parameter]] = {}
        for name, parameter in model.named_parameters():
            if parameter.requires_grad:
                key = (name.startswith("head."), name in decayed)
                groups.setdefault(key, []).append(parameter)
        rates = {True: self._how.head_rate, False: self._how.rate}
        return [
            {
                "params": parameters,
                "lr": config.learning_rate * rates[in_head],
                "weight_decay": config.weight_decay if decays else 0.0,
            }
            for (in_head, decays), parameters in groups.items()
        ]

    def create_scheduler(
        self, num_training_steps: int, optimizer: torch.optim.Optimizer | None = None
    ) -> torch.optim.lr_scheduler.LRScheduler:
        """Linear warm-up over the configured fraction of the steps, then linear decay to 0."""
        self.args.warmup_steps = round(self._job.config.warmup * num_training_steps)
        scheduler: torch.optim.lr_scheduler.LRScheduler = super().create_scheduler(
            num_training_steps, optimizer
        )
        return scheduler

    def _save(self, output_dir: str, state_dict: Mapping[str, Any] | None = None) -> None:
        folder = Path(output_dir)
        folder.mkdir(parents=True, exist_ok=True)
        save_weights(self.accelerator.unwrap_model(self.model), folder)

    def _save_optimizer_and_scheduler(self, output_dir: str) -> None:
        if self.args.should_save:
            save_optimizer(self.optimizer, self.lr_scheduler, Path(output_dir))

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        if checkpoint is not None:
            load_optimizer(self.optimizer, self.lr_scheduler, Path(checkpoint))

    def _save_rng_state(self, output_dir: str) -> None:
        """Nothing: `StepSeed` makes every step's chance a function of its number."""

    def _load_from_checkpoint(
        self, resume_from_checkpoint: str, model: torch.nn.Module | None = None
    ) -> None:
        load_weights(self.model if model is None else model, Path(resume_from_checkpoint))

    def _load_rng_state(self, checkpoint: str | None) -> None:
        """Nothing, see `_save_rng_state`."""


def _arguments(
    job: TrainJob[FineTuneConfig], how: FineTuning, epochs: float, *, dev: bool
) -> TrainingArguments:
    config = job.config
    return TrainingArguments(
        output_dir=str(job.workdir / how.recipe),
        num_train_epochs=epochs,
        per_device_train_batch_size=config.batch_size,
        per_device_eval_batch_size=4 * config.batch_size,
        learning_rate=config.learning_rate,
        weight_decay=config.weight_decay,
        max_grad_norm=config.max_grad_norm,
        lr_scheduler_type="linear",
        seed=job.settings.seed,
        use_cpu=pick_device().type == "cpu",
        bf16=use_bf16(),
        eval_strategy="epoch" if dev else "no",
        save_strategy="epoch",
        save_total_limit=2,  # the best and the last
        metric_for_best_model="macro_f1" if dev else None,
        greater_is_better=True if dev else None,
        logging_strategy="steps",
        logging_steps=LOG_SHARE,
        label_names=["labels"],
        remove_unused_columns=False,
        dataloader_pin_memory=torch.cuda.is_available(),
        report_to="none",
        disable_tqdm=True,  # progress goes to the job's log
        log_level="error",
    )


def _macro_f1(prediction: Any) -> dict[str, float]:  # noqa: ANN401 - transformers is untyped
    """Macro-F1 over the classes that occur in dev: of another one nothing can be found."""
    truth = prediction.label_ids
    score = f1_score(
        truth,
        prediction.predictions.argmax(-1),
        labels=np.unique(truth),
        average="macro",
        zero_division=0,
    )
    return {"macro_f1": float(score)}


def use_bf16() -> bool:
    """Whether to train in bfloat16: on a GPU that can; weights and optimizer stay float32.

    Never on a CPU, so that a seed gives the same model on those with and without it.
    """
    device = pick_device()
    return device.type == "cuda" and half_precision(device)
