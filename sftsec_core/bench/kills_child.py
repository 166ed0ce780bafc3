"""The processes that `sftsec bench kills` kills; each counts the training steps that it takes.

python -P -m sftsec_core.bench.kills_child sftsec|trainer FOLDER
python -P -m sftsec_core.bench.kills_child ORDER.json     the training process of `sftsec`
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sftsec_core.api.domain import Event

MODULE = "sftsec_core.bench.kills_child"
STEPS, STAGE, EVERY = "steps.txt", "stage.txt", "SFTSEC_BENCH_CHECKPOINT_S"
TASK = "triage"
_EPOCHS, _ROWS, _MAX_TOKENS = 3, 8, 32


def main() -> None:
    """Do what the first argument says."""
    if sys.argv[1] == "sftsec":
        print(_retrain(Path(sys.argv[2])))
    elif sys.argv[1] == "trainer":
        print(_peer(Path(sys.argv[2])))
    else:
        _fit()


def _retrain(folder: Path) -> str:
    """`sftsec retrain`, and the digests of what it made."""
    from sftsec_core.operations.authorize import local_admin
    from sftsec_core.operations.context import Context
    from sftsec_core.operations.retrain import retrain
    from sftsec_core.recipes.launch import local

    local.CHILD = MODULE
    os.environ[STEPS] = str(folder / STEPS)

    def note(event: Event) -> None:
        values = event.to_json()
        if values["event"] == "stage_started":
            (folder / STAGE).write_text(str(values["stage"]), encoding="utf-8")

    actor = local_admin("bench")
    with Context.open(folder / "sftsec.yaml", actor=actor, sinks=(note,)) as context:
        result = retrain(context, TASK)
        live = context.registry.live(TASK)
        return f"{result.model.digest} {live.digest if live else None}"


def _fit() -> None:
    """The training process, with checkpoints as often as the benchmark says."""
    from sftsec_core.recipes.encoder import loop
    from sftsec_core.recipes.launch import child

    loop.CHECKPOINT_EVERY_S = float(os.environ[EVERY])
    _count_steps(loop.FineTuner, Path(os.environ[STEPS]))
    child.main()


def _count_steps(trainer: Any, file: Path) -> None:  # noqa: ANN401 - transformers is untyped
    """Have each training step of a Trainer write its number down."""
    inner = trainer.training_step

    def counted(self: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as the Trainer's
        with file.open("a", encoding="ascii") as out:
            out.write(f"{self.state.global_step}\n")
        return inner(self, *args, **kwargs)

    trainer.training_step = counted


def _peer(folder: Path) -> str:
    """transformers.Trainer with its own checkpoints, one a step; the digest of the weights."""
    from transformers import (
        AutoModelForSequenceClassification,
        AutoTokenizer,
        DataCollatorWithPadding,
        PrinterCallback,
        Trainer,
    )
    from transformers.trainer_utils import get_last_checkpoint

    rows = json.loads((folder / "peer.json").read_text(encoding="utf-8"))
    tokenizer = AutoTokenizer.from_pretrained(folder / "encoder", local_files_only=True)
    model = AutoModelForSequenceClassification.from_pretrained(
        folder / "encoder", local_files_only=True
    )
    own = folder / "peer"
    _count_steps(Trainer, folder / STEPS)
    trainer = Trainer(
        model=model,
        args=_peer_arguments(own),
        train_dataset=[
            {**tokenizer(text, truncation=True, max_length=_MAX_TOKENS), "labels": label}
            for text, label in rows
        ],
        data_collator=DataCollatorWithPadding(tokenizer),
    )
    trainer.remove_callback(PrinterCallback)
    trainer.train(resume_from_checkpoint=get_last_checkpoint(str(own)) if own.is_dir() else None)
    trainer.save_model(str(folder / "model"))
    return hashlib.sha256((folder / "model" / "model.safetensors").read_bytes()).hexdigest()


def _peer_arguments(folder: Path) -> Any:  # noqa: ANN401 - transformers is untyped
    from transformers import TrainingArguments

    return TrainingArguments(
        output_dir=str(folder),
        num_train_epochs=_EPOCHS,
        per_device_train_batch_size=_ROWS,
        save_strategy="steps",
        save_steps=1,
        save_total_limit=2,
        report_to="none",
        disable_tqdm=True,
        logging_strategy="no",
        use_cpu=True,
    )


if __name__ == "__main__":
    main()
