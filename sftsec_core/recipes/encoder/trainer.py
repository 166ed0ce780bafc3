"""Fine-tuning on `transformers.Trainer`: one outline for all recipes that train an encoder.

    encode -> plan -> train -> restore the best -> merge

The Trainer keeps the loop, mixed precision and distributed training; ours are the loss, the
batches, the learning rates, the schedule that fits the time, and checkpoints without pickles.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from sftsec_core.api.domain import Batch
from sftsec_core.api.errors import TrainingError
from sftsec_core.recipes.dense import DenseBlock
from sftsec_core.recipes.encoder.architecture import check_reading
from sftsec_core.recipes.encoder.callbacks import Deadline, out_of_patience
from sftsec_core.recipes.encoder.checkpoint import (
    BEST,
    WEIGHTS,
    Plan,
    claim_folder,
    fingerprint,
    load_weights,
    read_plan,
    read_state,
    read_weights,
    trained_weights,
    write_plan,
)
from sftsec_core.recipes.encoder.classifier import EncoderModel, PooledClassifier
from sftsec_core.recipes.encoder.classifier_parts import set_dropout
from sftsec_core.recipes.encoder.data import LabelledTexts
from sftsec_core.recipes.encoder.encoder import pick_device, quiet_transformers
from sftsec_core.recipes.encoder.loop import FineTuner, FineTuning, Prepared
from sftsec_core.recipes.encoder.precision import Twin
from sftsec_core.recipes.encoder.side import encode_rows, scored_lengths
from sftsec_core.recipes.encoder.speed import Speed, measure_speed, scoring_budget
from sftsec_core.recipes.encoder.step_size import choose_rows
from sftsec_core.recipes.encoder.stop_signal import StopCheckpoint, StopSignal
from sftsec_core.recipes.encoder.time_plan import PLANNED_SHARE, TimePlan, least_steps
from sftsec_core.recipes.encoder.windows import encode_windows
from sftsec_core.recipes.reading import Reading
from sftsec_core.recipes.sampling import stratified_sample
from sftsec_core.recipes.view_choice import with_view
from sftsec_core.recipes.window_selector import WindowSelector

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sftsec_core.api.contracts import TrainJob
    from sftsec_core.api.domain import Example, TaskSpec
    from sftsec_core.recipes.config import TrainingConfig
    from sftsec_core.recipes.encoder.source import EncoderSource
    from sftsec_core.recipes.reading import Pooling

SAMPLE = 1024  # training texts that an estimate encodes


# The head is fresh and learns ten times as fast as the encoder that it reads.
FULL = FineTuning("full", rate=1.0, head_rate=10.0)


def fine_tune(job: TrainJob[TrainingConfig], how: FineTuning) -> EncoderModel:
    """Train an encoder on a job, or go on where an earlier, killed call stopped.

    Writes only under `job.workdir`. Deterministic on a CPU for one seed and number of threads,
    killed in between or not; the global random generators are left as they were. Where the
    deadline does not hold all epochs, as many steps are planned as it holds, and the learning
    rate decays within those.

    Raises:
        TrainingError: when fewer than two classes are trusted, the deadline does not hold a
            training that teaches anything (nothing is trained then), or the training diverges.
        ConfigError, IntegrityError: when the encoder is not there or not the right one.
    """
    started = time.monotonic()
    job = with_view(job)
    source = how.source(job)
    run = job.workdir / how.recipe
    mark = fingerprint(job, how.recipe, source.digest)
    checkpoint = claim_folder(run, mark)
    trusted = _trusted(job.train)
    selector = _selector(job, trusted)
    with seeded(job.settings.seed), quiet_transformers():
        ready = _prepare(job, how, source, selector, train=trusted, dev=_dev(job))
        plan = read_plan(run) if checkpoint else None
        rows = plan.rows if plan else _rows(job, ready, len(ready.train))
        speed, parts = None, plan.parts if plan else 1
        if job.deadline_s is not None:
            speed, parts = _measure(ready, rows, parts)
        if plan is None:
            epochs = job.config.epochs
            if speed is not None and job.deadline_s is not None:
                costs = _time_plan(job, ready, speed, rows, time.monotonic() - started)
                epochs = costs.epochs_within(PLANNED_SHARE * job.deadline_s, epochs)
            plan = Plan(mark, epochs, rows)
        plan = replace(plan, parts=parts)
        write_plan(run, plan)
        plan = _train(job, how, ready, plan, checkpoint, _deadline(job, ready, speed, started))
    _require_finite(ready.module)
    ready.module.encoder = how.merge(ready.module.encoder)
    return EncoderModel(
        ready.module,
        ready.tokenizer,
        job.task.labels,
        reading=Reading.of(job.config.encoder),
        selector=selector,
        side=ready.side,
        precision=ready.twin.precision,
        notes=_notes(plan),
    )


def _notes(plan: Plan) -> dict[str, str]:
    """What the model's card says of a device that was too small."""
    if plan.parts == 1:
        return {}
    told = f"the device did not hold a step of {plan.rows} texts: taken in {plan.parts} parts each"
    return {"memory": told}


def estimate_seconds(job: TrainJob[TrainingConfig], how: FineTuning = FULL) -> float:
    """Foretell what `fine_tune` would take without a deadline; see `estimate`."""
    return estimate(job, how).seconds(job.config.epochs)


def estimate(job: TrainJob[TrainingConfig], how: FineTuning = FULL) -> TimePlan:
    """Foretell what `fine_tune` would take, from a few steps on a sample.

    It loads the encoder and trains a few steps that change nothing. Early stopping may end the
    run sooner; on a machine that others use, take it for a guide.

    Raises:
        TrainingError, ConfigError, IntegrityError: as `fine_tune` does.
    """
    started = time.monotonic()
    source = how.source(job)
    texts = _trusted(job.train)
    order = np.random.default_rng(job.settings.seed).permutation(len(texts))
    sample = [texts[i] for i in order[:SAMPLE]]
    with seeded(job.settings.seed), quiet_transformers():
        ready = _prepare(job, how, source, None, train=sample, dev=())
        prepared_s = time.monotonic() - started
        rows = _rows(job, ready, len(texts))
        speed, _ = _measure(ready, rows)
    # The sample stands for all texts: as many steps of as many rows as they take.
    costs = _time_plan(job, ready, speed, min(rows, len(sample)), prepared_s)
    parts = len(texts) / len(sample)
    steps = -(-len(texts) // rows)
    scored = speed.scoring_s(scored_lengths(ready.train.encoded), scoring_budget()) / len(sample)
    return replace(
        costs,
        epoch_s=costs.epoch_s * parts,
        evaluation_s=scored * min(len(job.dev), job.config.dev_rows),
        steps=steps,
        least_steps=least_steps(rows, steps, len(job.task.labels), job.config.epochs),
    )


def _time_plan(
    job: TrainJob[TrainingConfig], ready: Prepared, speed: Speed, rows: int, spent_s: float
) -> TimePlan:
    steps = -(-len(ready.train) // rows)
    return TimePlan(
        prepare_s=spent_s,
        epoch_s=speed.epoch_s(ready.train.encoded.lengths, rows, packed=ready.twin.mixes_lengths),
        evaluation_s=speed.scoring_s(scored_lengths(ready.dev.encoded), scoring_budget()),
        steps=steps,
        least_steps=least_steps(rows, steps, len(job.task.labels), job.config.epochs),
    )


def _dev(job: TrainJob[TrainingConfig]) -> Sequence[Example]:
    """What an evaluation scores: all of a large dev would take the time of the training."""
    return stratified_sample(job.dev, job.config.dev_rows, job.settings.seed)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed torch within, and give all global generators back as they were."""
    python, legacy = random.getstate(), np.random.get_state()
    devices = [torch.cuda.current_device()] if torch.cuda.is_available() else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(legacy)


def _trusted(examples: Sequence[Example]) -> list[Example]:
    """Those whose label is trusted at all: the others would cost time and teach nothing.

    Raises:
        TrainingError: when they are not of two labels at least.
    """
    trusted = [example for example in examples if example.weight > 0]
    if len({example.label for example in trusted}) < 2:
        raise TrainingError("fine-tuning needs trusted examples of two labels at least")
    return trusted


def _prepare(
    job: TrainJob[TrainingConfig],
    how: FineTuning,
    source: EncoderSource,
    selector: WindowSelector | None,
    *,
    train: Sequence[Example],
    dev: Sequence[Example],
) -> Prepared:
    encoder, tokenizer = source.load()
    reading = Reading.of(job.config.encoder)
    check_reading(encoder, tokenizer, reading)
    fewer = reading.at_most(job.config.train_windows)
    side = DenseBlock.fit(Batch.of_examples(job.task.inputs, train))
    labelled = _label(train, job.task, tokenizer, fewer, selector, side)
    set_dropout(encoder, job.config.dropout)
    asked = job.config.encoder.pooling
    pooling: Pooling = "attention" if asked == "auto" else asked
    module = PooledClassifier(
        encoder, len(job.task.labels), job.config.dropout, pooling, side.width if side else 0
    )
    module.encoder = how.wrap(module.encoder, job)
    module = module.to(pick_device())
    return Prepared(
        module,
        Twin(module, tokenizer, precision=job.config.encoder.precision),
        tokenizer,
        labelled,
        _label(dev, job.task, tokenizer, reading, selector, side),
        side,
    )


def _selector(job: TrainJob[TrainingConfig], examples: Sequence[Example]) -> WindowSelector | None:
    reading = Reading.of(job.config.encoder)
    texts = [reading.see(text).text for text in Batch.of_examples(job.task.inputs, examples).text()]
    return WindowSelector.fit(texts, examples, job.task, job.settings.seed)


def _label(
    examples: Sequence[Example],
    task: TaskSpec,
    tokenizer: Any,  # noqa: ANN401 - transformers gives it no useful type
    reading: Reading,
    selector: WindowSelector | None,
    side: DenseBlock | None,
) -> LabelledTexts:
    column = {label: i for i, label in enumerate(task.labels)}
    batch = Batch.of_examples(task.inputs, examples)
    return LabelledTexts(
        encode_rows(batch, side, lambda texts: encode_windows(texts, tokenizer, reading, selector)),
        np.array([column[example.label] for example in examples], dtype=np.int64),
        np.array([example.weight for example in examples], dtype=np.float32),
    )


def _rows(job: TrainJob[TrainingConfig], ready: Prepared, texts: int) -> int:
    return choose_rows(
        job.config,
        texts,
        float(ready.train.encoded.lengths.mean()),
        ready.module.encoder.config,
        packs=ready.twin.mixes_lengths,
    )


def _measure(ready: Prepared, rows: int, parts: int = 1) -> tuple[Speed, int]:
    """The speed of steps of so many rows, and in how many parts memory holds one."""
    while True:
        try:
            one = measure_speed(ready.module, ready.twin, ready.train.encoded, -(-rows // parts))
            return replace(one, per_step_s=parts * one.per_step_s), parts
        except torch.OutOfMemoryError as error:
            parts = _more_parts(rows, parts, error)
        # Outside of the handler, which holds the step's tensors by its traceback.
        for module in (ready.module, ready.twin.module):
            module.zero_grad(set_to_none=True)
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


def _deadline(
    job: TrainJob[TrainingConfig], ready: Prepared, speed: Speed | None, started: float
) -> Deadline:
    if speed is None or job.deadline_s is None:
        return Deadline(None, 0.0)
    dev_s = speed.scoring_s(scored_lengths(ready.dev.encoded), scoring_budget())
    return Deadline(started + job.deadline_s, dev_s)


def _require_finite(module: torch.nn.Module) -> None:
    if not all(bool(torch.isfinite(parameter).all()) for parameter in module.parameters()):
        raise TrainingError("training diverged: lower learning_rate or max_grad_norm of the recipe")


def _train(
    job: TrainJob[TrainingConfig],
    how: FineTuning,
    ready: Prepared,
    plan: Plan,
    checkpoint: Path | None,
    deadline: Deadline,
) -> Plan:
    """Run the Trainer to its end and put the best weights into the module.

    Returns:
        The plan, with the parts that steps were taken in at last.
    """
    run = job.workdir / how.recipe
    if checkpoint is not None and _is_over(checkpoint, job.config.patience):
        best = read_weights(checkpoint / (BEST if (checkpoint / BEST).exists() else WEIGHTS))
        load_weights(ready.module, best)
        return plan
    fresh = None if checkpoint else trained_weights(ready.module)
    while True:
        trainer = FineTuner(job, how, ready, plan, deadline)
        try:
            with StopSignal() as stop:
                trainer.add_callback(StopCheckpoint(stop))
                trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
            break
        except torch.OutOfMemoryError as error:
            plan = replace(plan, parts=_more_parts(plan.rows, plan.parts, error))
        # Outside of the handler, which holds the step's tensors by its traceback.
        trainer.release()
        write_plan(run, plan)
        checkpoint = claim_folder(run, plan.fingerprint) or checkpoint
        if checkpoint is None and fresh is not None:
            load_weights(ready.module, fresh)
        job.log(0, {"batch_parts": plan.parts})
    if trainer.best is not None:
        load_weights(ready.module, trainer.best)
    return plan


def _more_parts(rows: int, parts: int, error: torch.OutOfMemoryError) -> int:
    """Twice as many parts of a step, whose gradients are added.

    Raises:
        TrainingError: when a part is a single example already.
    """
    if parts >= rows:
        raise TrainingError(
            "the GPU's memory does not hold a training step of one text: lower "
            "encoder.max_length of the recipe, or take a smaller encoder"
        ) from error
    return min(2 * parts, rows)


def _is_over(checkpoint: Path, patience: int) -> bool:
    """Whether the run ended at this checkpoint: it was killed when nothing was left to train."""
    state = read_state(checkpoint)
    return state["global_step"] >= state["max_steps"] or out_of_patience(
        state["log_history"], patience
    )
