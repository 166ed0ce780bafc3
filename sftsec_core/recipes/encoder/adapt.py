"""Continued pretraining: masked words of a site's own texts, told by the encoder that reads them.

Adaptive pretraining (Gururangan 2020): what a site's events are written in is not what a public
encoder was trained on. No label is read. The head that tells the words is fresh, and would first
pull the encoder along with its own errors; so it is trained alone for a while (Kumar 2022).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sftsec_core.api.domain import Batch
from sftsec_core.api.errors import ConfigError, DataError, TrainingError
from sftsec_core.recipes.adaptation import NAME, Adaptation
from sftsec_core.recipes.encoder.adaptation_time import planned_steps
from sftsec_core.recipes.encoder.adapter import (
    AdaptationData,
    AdaptationSteps,
    EncoderAdapter,
    log_likelihood,
    perplexity,
)
from sftsec_core.recipes.encoder.architecture import check_reading
from sftsec_core.recipes.encoder.callbacks import Deadline
from sftsec_core.recipes.encoder.checkpoint import (
    BEST,
    SELECTION,
    WEIGHTS,
    Plan,
    best_step,
    claim_folder,
    fingerprint,
    load_weights,
    read_plan,
    read_state,
    read_weights,
    write_plan,
)
from sftsec_core.recipes.encoder.encoder import (
    load_encoder,
    load_tokenizer,
    pick_device,
    quiet_transformers,
)
from sftsec_core.recipes.encoder.masked_model import MaskedLanguageModel
from sftsec_core.recipes.encoder.masking import MaskableTexts, Masker, encode_maskable
from sftsec_core.recipes.encoder.precision import use_bf16
from sftsec_core.recipes.encoder.stop_signal import StopCheckpoint, StopSignal
from sftsec_core.recipes.encoder.trainer import seeded
from sftsec_core.recipes.encoder_files import resolve_encoder
from sftsec_core.recipes.reading import Reading

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path
    from typing import Any

    from sftsec_core.api.contracts import TrainJob
    from sftsec_core.api.domain import Example
    from sftsec_core.recipes.adaptation import AdaptationSettings
    from sftsec_core.recipes.encoder_files import EncoderFiles


@dataclass(frozen=True, slots=True)
class AdaptationTexts:
    """What would be trained on.

    Attributes:
        texts: different ones.
        train: their windows.
        dev: the windows of dev's texts; empty where there is none.
    """

    texts: int
    train: MaskableTexts
    dev: MaskableTexts


def adaptation_texts(
    job: TrainJob[AdaptationSettings],
    tokenizer: Any,  # noqa: ANN401 - transformers gives it no useful type
) -> AdaptationTexts:
    """Encode the different texts of train, but those that dev has too, and a sample of dev's.

    Raises:
        ConfigError: when the tokenizer knows no mask, or does not say where its tokens stand.
        DataError: when no text has a content word.
    """
    if tokenizer.mask_token_id is None:
        raise ConfigError(
            f"the encoder {job.config.encoder.path!r} cannot be adapted: its tokenizer has no mask "
            "token, as a decoder's; take one of BERT's kind"
        )
    if not tokenizer.is_fast:
        raise ConfigError(
            f"the encoder {job.config.encoder.path!r} cannot be adapted: its tokenizer does not "
            "say where tokens stand in a text; it needs a tokenizer.json"
        )
    reading = Reading.of(job.config.encoder)
    held_out = _texts(job, job.dev)
    texts = [text for text in _texts(job, job.train) if text not in set(held_out)]
    random = np.random.default_rng(job.settings.seed)
    shown = sorted(random.permutation(len(held_out))[: job.config.dev_rows].tolist())
    train = encode_maskable(texts, tokenizer, reading)
    dev = encode_maskable([held_out[i] for i in shown], tokenizer, reading)
    if not len(train) or not len(dev):
        part = "dev" if len(train) else "train"
        raise DataError(f"no text of {part} has a content word that could be masked")
    return AdaptationTexts(len(texts), train, dev)


def adapt(
    job: TrainJob[AdaptationSettings],
    folder: Path,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Adaptation:
    """Train an encoder to tell masked words, or go on where an earlier, killed call stopped.

    Args:
        job: whose texts; its labels are not read. Checkpoints are written under `job.workdir`.
        folder: an empty one, which becomes that of the encoder.
        progress: called with the steps that are done and all of them, now and then.

    Returns:
        What is written into the folder's `adaptation.json`.

    Raises:
        TrainingError: when the deadline does not hold a training, or the encoder tells dev's words
            no better than its parent.
        ConfigError, IntegrityError: when the encoder is not there, not the right one or of no kind
            that can be adapted.
        DataError: when there is nothing to train on.
    """
    started = time.monotonic()
    parent = resolve_encoder(job.config.encoder)
    run = job.workdir / NAME
    mark = fingerprint(job, NAME, parent.digest)
    checkpoint = claim_folder(run, mark)
    with seeded(job.settings.seed), quiet_transformers():
        data, texts = prepare(job, parent)
        tokens = log_likelihood(data)[1]
        plan = read_plan(run) if checkpoint else None
        a_pass = -(-len(data.train) // job.config.batch_size)
        if plan is None:
            spent_s = time.monotonic() - started
            total = planned_steps(data, job.config, job.deadline_s, spent_s)
            plan = Plan(mark, total / a_pass, job.config.batch_size)
            write_plan(run, plan)
        steps = AdaptationSteps.of(round(plan.epochs * a_pass), job.config)
        deadline = Deadline(None if job.deadline_s is None else started + job.deadline_s, 0.0)
        trainer = EncoderAdapter(job, data, steps, deadline, progress, run)
        state = _train(trainer, data, checkpoint)
        _require_gain(state, steps)
        data.model.encoder.save_pretrained(folder)  # type: ignore[operator]
        load_tokenizer(parent.folder).save_pretrained(folder)  # not the one whose windows are set
    found = _record(job, parent, state, steps, texts, tokens)
    found.save(folder)
    return found


def prepare(
    job: TrainJob[AdaptationSettings], parent: EncoderFiles
) -> tuple[AdaptationData, AdaptationTexts]:
    """Load the encoder under a fresh head, and encode the texts."""
    tokenizer = load_tokenizer(parent.folder)
    encoder = load_encoder(parent.folder)
    check_reading(encoder, tokenizer, Reading.of(job.config.encoder))
    texts = adaptation_texts(job, tokenizer)
    model = MaskedLanguageModel(encoder).to(pick_device())
    data = AdaptationData(
        model,
        tokenizer,
        Masker.of(tokenizer),
        texts.train,
        texts.dev,
        bf16=use_bf16(job.config.encoder.precision),
    )
    return data, texts


def _texts(job: TrainJob[AdaptationSettings], examples: Sequence[Example]) -> list[str]:
    return list(dict.fromkeys(Batch.of_examples(job.task.inputs, examples).text()))


def _train(
    trainer: EncoderAdapter, data: AdaptationData, checkpoint: Path | None
) -> Mapping[str, Any]:
    """Run the Trainer to its end and put the best weights into the model; return its state."""
    if checkpoint is not None:
        state = read_state(checkpoint)
        if state["global_step"] >= state["max_steps"]:  # killed when nothing was left to train
            name = BEST if (checkpoint / BEST).exists() else WEIGHTS
            load_weights(data.model, read_weights(checkpoint / name))
            return state
    with StopSignal() as stop:
        trainer.add_callback(StopCheckpoint(stop))
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    if trainer.best is not None:
        load_weights(data.model, trainer.best)
    state = trainer.state
    return {"global_step": state.global_step, "log_history": state.log_history}


def _require_gain(state: Mapping[str, Any], steps: AdaptationSteps) -> None:
    best = best_step(state["log_history"])
    if best is None or best <= steps.head:
        raise TrainingError(
            "the encoder tells dev's words no better than its parent, so nothing was kept: it "
            "takes more texts, or a longer --budget"
        )


def _record(
    job: TrainJob[AdaptationSettings],
    parent: EncoderFiles,
    state: Mapping[str, Any],
    steps: AdaptationSteps,
    texts: AdaptationTexts,
    tokens: int,
) -> Adaptation:
    told = {e["step"]: e[SELECTION] for e in state["log_history"] if SELECTION in e}
    best = best_step(state["log_history"]) or 0
    return Adaptation(
        task=job.task.name,
        parent=job.config.encoder.path,
        parent_sha256=parent.digest,
        settings=job.config.model_dump(mode="json", exclude={"encoder": {"path", "sha256"}}),
        seed=job.settings.seed,
        texts=texts.texts,
        windows=len(texts.train),
        cut_windows=texts.train.cut,
        steps=int(state["global_step"]),
        best_step=best,
        head_steps=steps.head,
        dev_tokens=tokens,
        perplexity_before=perplexity(told[steps.head]),
        perplexity_after=perplexity(told[best]),
    )
