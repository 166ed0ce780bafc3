"""The training loop: `transformers.Trainer` with our loss, batches, learning rates, checkpoints."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import torch
from torch.utils.data import DataLoader
from transformers import PrinterCallback, TrainingArguments

from sftsec_core.recipes.encoder.callbacks import (
    MACRO_F1,
    Deadline,
    EarlyStop,
    StepLog,
    StepSeed,
    TimedCheckpoint,
)
from sftsec_core.recipes.encoder.checkpoint import (
    SELECTION,
    Plan,
    best_step,
    trained_weights,
)
from sftsec_core.recipes.encoder.classifier import PooledClassifier, read_logits
from sftsec_core.recipes.encoder.data import LabelledTexts, LengthBucketSampler
from sftsec_core.recipes.encoder.encoder import pick_device
from sftsec_core.recipes.encoder.loss import Loss
from sftsec_core.recipes.encoder.packing import to_device
from sftsec_core.recipes.encoder.pickle_free import PickleFreeTrainer
from sftsec_core.recipes.encoder.precision import Twin
from sftsec_core.recipes.encoder.source import EncoderSource, pretrained
from sftsec_core.recipes.encoder.step_size import rate_factor
from sftsec_core.recipes.goal import Goal, macro_f1

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sftsec_core.api.contracts import TrainJob
    from sftsec_core.recipes.config import TrainingConfig
    from sftsec_core.recipes.dense import DenseBlock

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
        source: where the encoder comes from.
    """

    recipe: str
    rate: float
    head_rate: float
    wrap: Callable[[torch.nn.Module, TrainJob[Any]], torch.nn.Module] = lambda encoder, _job: (
        encoder
    )
    merge: Callable[[torch.nn.Module], torch.nn.Module] = lambda encoder: encoder
    source: Callable[[TrainJob[Any]], EncoderSource] = pretrained


@dataclass(frozen=True, slots=True)
class Prepared:
    """A module to train, and its examples as tensors.

    Attributes:
        twin: computes for the module.
        dev: empty for none.
        side: encodes the numbers and categories beside the text; None without any.
    """

    module: PooledClassifier
    twin: Twin
    tokenizer: Any
    train: LabelledTexts
    dev: LabelledTexts
    side: DenseBlock | None


class FineTuner(PickleFreeTrainer):
    """The Trainer with our loss, batches, learning rates and checkpoints."""

    def __init__(
        self,
        job: TrainJob[TrainingConfig],
        how: FineTuning,
        ready: Prepared,
        plan: Plan,
        deadline: Deadline,
    ) -> None:
        """Set a run up; nothing is trained yet."""
        self._job, self._how, self._ready, self._plan = job, how, ready, plan
        self._goal = Goal.of(job.task, ready.dev.labels)
        super().__init__(
            model=ready.module,
            args=_arguments(job, how, plan, dev=bool(len(ready.dev))),
            data_collator=ready.twin.collator,
            train_dataset=ready.train,
            eval_dataset=ready.dev if len(ready.dev) else None,
            callbacks=[
                StepSeed(job.settings.seed),
                StepLog(job.log),
                EarlyStop(job.config.patience),
                deadline,
                TimedCheckpoint(CHECKPOINT_EVERY_S),
            ],
        )
        self.remove_callback(PrinterCallback)
        train = ready.train
        self._loss = Loss.of(
            job.config, train.labels, train.weights, len(job.task.labels), self.args.device
        )

    def training_step(
        self,
        model: torch.nn.Module,
        inputs: Mapping[str, Any],
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> torch.Tensor:
        """The gradients of a batch, computed by the twin; its loss, not waited for."""
        twin = self._ready.twin
        twin.refresh()
        twin.module.train()
        batch = to_device(inputs, self.args.device)
        labels, weights = batch.pop("labels"), batch.pop("weights")
        progress = self.state.global_step / max(self.state.max_steps, 1)
        loss = self._loss(twin.module(**batch), labels, weights, progress=progress)
        loss = loss / self.current_gradient_accumulation_steps
        loss.backward()
        twin.hand_back()
        detached: torch.Tensor = loss.detach()
        return detached

    def evaluate(self, *_: object, **__: object) -> dict[str, float]:
        """Dev's loss, macro-F1 and score by the task's metric.

        The best weights are kept, on the device that they are on.
        """
        twin, dev = self._ready.twin, self._ready.dev
        twin.refresh()
        twin.module.eval()
        logits = read_logits(twin.module, dev.encoded, twin.collator)
        loss = self._loss(logits, torch.from_numpy(dev.labels), torch.from_numpy(dev.weights))
        proba = logits.double().softmax(-1).numpy()
        figures = {
            "eval_loss": float(loss),
            MACRO_F1: macro_f1(dev.labels, proba.argmax(axis=1), proba.shape[1]),
            SELECTION: self._goal.score(proba, dev.labels),
        }
        self.log(dict(figures))
        if best_step(self.state.log_history) == self.state.global_step:
            self.best = trained_weights(self.model)
        control: Any = self.callback_handler.on_evaluate(
            self.args, self.state, vars(self)["control"], figures
        )
        self.control = control
        return figures

    def release(self) -> None:
        """Forget gradients and moments, so that another try has the device's memory."""
        ended: Any = self  # the Trainer's own types know no end
        ended.optimizer = ended.lr_scheduler = None
        self.accelerator.free_memory()
        self.model.zero_grad(set_to_none=True)
        self._ready.twin.module.zero_grad(set_to_none=True)
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def get_train_dataloader(self) -> DataLoader[Any]:
        """Batches in an order that seed and epoch decide; of like lengths, if padded."""
        sampler = LengthBucketSampler(
            self._ready.train.encoded.lengths,
            self._train_batch_size,
            self._job.settings.seed,
            packed=self._ready.twin.mixes_lengths,
            labels=self._ready.train.labels if self._job.config.batches == "balanced" else None,
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
        rate = config.learning_rate * rate_factor(self._plan.rows, config.batch_size)
        groups: dict[tuple[bool, bool], list[torch.nn.Parameter]] = {}
        for name, parameter in model.named_parameters():
            if parameter.requires_grad:
                key = (not name.startswith("encoder."), name in decayed)
                groups.setdefault(key, []).append(parameter)
        rates = {True: self._how.head_rate, False: self._how.rate}
        return [
            {
                "params": parameters,
                "lr": rate * rates[in_head],
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


def _arguments(
    job: TrainJob[TrainingConfig], how: FineTuning, plan: Plan, *, dev: bool
) -> TrainingArguments:
    config = job.config
    return TrainingArguments(
        output_dir=str(job.workdir / how.recipe),
        num_train_epochs=plan.epochs,
        per_device_train_batch_size=-(-plan.rows // plan.parts),
        gradient_accumulation_steps=plan.parts,
        learning_rate=config.learning_rate,
        weight_decay=config.weight_decay,
        max_grad_norm=config.max_grad_norm,
        lr_scheduler_type="linear",
        seed=job.settings.seed,
        use_cpu=pick_device().type == "cpu",
        eval_strategy="epoch" if dev else "no",
        save_strategy="no",  # `TimedCheckpoint` says when
        save_total_limit=2,  # a damaged one gives way to the one before
        logging_strategy="steps",
        logging_steps=LOG_SHARE,
        logging_nan_inf_filter=False,  # it waits for the device at each step
        label_names=["labels"],
        remove_unused_columns=False,
        dataloader_pin_memory=torch.cuda.is_available(),
        report_to="none",
        disable_tqdm=True,  # progress goes to the job's log
        log_level="error",
    )
