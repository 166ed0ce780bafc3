"""The processes that `sftsec bench kills` kills; each tells which phase it is in.

A line into the pipe `told` begins a phase, `step:12` the training step 12; the last line of one
that comes to its end is `made:` with the digests of what it made. Forked from a server that has its
imports done, see `warm`.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sftsec_core.bench.kills_site import BATCH, EPOCHS, MAX_TOKENS, TASK

if TYPE_CHECKING:
    from sftsec_core.api.domain import Event

MADE, FIRST, STEP, SAVE = "made", "first step", "step", "save"
# What each side's processes import in the course of their work.
IMPORTED = {
    "linear": (
        "sftsec_core.operations.retrain",
        "sftsec_core.recipes.launch.child",
        "sftsec_core.evaluation.report.plots",
        "sftsec_core.store.store",
        "alembic.migration",
        "sklearn.linear_model",
    ),
    "full": ("sftsec_core.recipes.encoder.full", "transformers.models.bert.modeling_bert"),
}


def main(told: int, side: str, folder: str, every_s: float) -> None:
    """Train, or go on with the training in a folder.

    Args:
        told: descriptor that the phases are written to.
        side: "sftsec" or "trainer".
        folder: what `kills_site.make_site` made.
        every_s: seconds between two checkpoints of ours.
    """
    errors = os.open(Path(folder) / "errors.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(errors, 1)
    os.dup2(errors, 2)
    phases = Phases(told)
    if side == "sftsec":
        made = _retrain(Path(folder), phases, every_s)
    else:
        made = _peer(Path(folder), phases)
    phases.enter(MADE, made)


class Phases:
    """Writes the phases down; for several processes, since a line is written at once."""

    def __init__(self, told: int) -> None:
        """Take the descriptor to write to."""
        self._told = told

    def enter(self, phase: str, which: object = "") -> None:
        """A phase begins; the one before ends with it."""
        os.write(self._told, f"{phase}:{which}\n".encode())

    def mark(self, owner: Any, name: str, phase: Callable[..., tuple[str, object]]) -> None:  # noqa: ANN401 - a module or a class
        """Have each call of a function begin the phase that `phase` makes of its arguments."""
        inner = getattr(owner, name)

        def marked(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as the function's
            self.enter(*phase(*args))
            return inner(*args, **kwargs)

        setattr(owner, name, marked)

    def mark_steps(self, trainer: Any) -> None:  # noqa: ANN401 - transformers is untyped
        """Have each step of a Trainer begin a phase."""

        def phase(own: Any, *_: object) -> tuple[str, object]:  # noqa: ANN401 - a Trainer
            step = own.state.global_step
            return (STEP if step else FIRST), step

        self.mark(trainer, "training_step", phase)


def _retrain(folder: Path, phases: Phases, every_s: float) -> str:
    """`sftsec retrain`, and the digests of what it made."""
    from sftsec_core.operations import proposing, retrain
    from sftsec_core.operations.authorize import local_admin
    from sftsec_core.operations.context import Context
    from sftsec_core.sdk import training_process

    # Before the run has threads: a fork copies the locks that they hold.
    waiting = _TrainingInWait(phases, every_s)
    starting: Any = training_process
    starting.start_process = waiting.start

    def note(event: Event) -> None:
        values = event.to_json()
        if values["event"] == "run_finished":
            phases.enter("end")
        elif values["event"] == "stage_started" and values["stage"] != "train":
            phases.enter(values["stage"], values["detail"])

    phases.mark(proposing, "decide", lambda *_: ("gate", ""))
    phases.mark(proposing, "write_report", lambda *_: ("report", ""))
    phases.mark(retrain, "register", lambda *_: ("register", ""))
    phases.mark(retrain, "promote_proposed", lambda *_: ("promote", ""))
    with Context.open(folder / "sftsec.yaml", actor=local_admin("bench"), sinks=(note,)) as context:
        result = retrain.retrain(context, TASK)
        live = context.registry.live(TASK)
        return f"{result.model.digest} {live.digest if live else None}"


class _TrainingInWait:
    """The training process, forked already; it waits for its order."""

    def __init__(self, phases: Phases, every_s: float) -> None:
        self._in, self._out, order = os.pipe(), os.pipe(), os.pipe()
        self._pid = os.fork()
        if not self._pid:
            for each in (self._in[1], self._out[0], order[1]):
                os.close(each)
            file = os.read(order[0], 65536).decode()
            if file:
                os.dup2(self._in[0], 0)
                os.dup2(self._out[1], 1)
                _fit(file, phases, every_s)
            os._exit(0)
        for each in (self._in[0], self._out[1], order[0]):
            os.close(each)
        self._order = order[1]

    def start(self, command: Sequence[str], _env: object) -> subprocess.Popen[bytes]:
        """Hand it its order; in place of `training_process.start_process`."""
        os.write(self._order, command[-1].encode())
        return _Forked(self._pid, self._in[1], self._out[0])


class _Forked(subprocess.Popen[bytes]):
    """A process that was forked, as `Popen` has those that it started."""

    def __init__(self, pid: int, stdin: int, stdout: int) -> None:
        self.args, self.pid, self.returncode = [], pid, None
        self.stdin, self.stdout, self.stderr = os.fdopen(stdin, "wb"), os.fdopen(stdout, "rb"), None

    def __del__(self) -> None:
        """Nothing: its group is killed."""

    def poll(self) -> int | None:
        """Its exit code, None while it works."""
        return self._ended(os.WNOHANG)

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code, once it has ended."""
        code = self._ended(0)
        assert code is not None  # noqa: S101 - it was waited for
        return code

    def _ended(self, options: int) -> int | None:
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, options)
            self.returncode = os.waitstatus_to_exitcode(status) if pid else None
        return self.returncode


def _fit(file: str, phases: Phases, every_s: float) -> None:
    """The training process, with checkpoints as often as the benchmark says."""
    from sftsec_core.recipes.launch import child, fit

    phases.mark(fit, "read_examples", lambda _folder, part, *_: ("read examples", part))
    phases.mark(fit, "fit_recipe", lambda recipe, *_: (f"fit {recipe.name}", ""))
    phases.mark(fit, "_keep", lambda _order, recipe, *_: ("export", recipe.name))
    if "torch" in sys.modules:
        _mark_full(phases, every_s)
    sys.argv = ["child", file]
    child.main()


def _mark_full(phases: Phases, every_s: float) -> None:
    from sftsec_core.recipes.encoder import loop, trainer

    loop.CHECKPOINT_EVERY_S = every_s
    phases.mark(trainer, "_label", lambda examples, *_: ("tokenise", len(examples)))
    phases.mark_steps(loop.FineTuner)
    phases.mark(loop.FineTuner, "evaluate", lambda own, *_: ("eval", own.state.global_step))
    phases.mark(loop.FineTuner, "_save", lambda own, *_: (SAVE, own.state.global_step))


def _peer(folder: Path, phases: Phases) -> str:
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
    phases.mark_steps(Trainer)
    phases.mark(Trainer, "_save_checkpoint", lambda own, *_: (SAVE, own.state.global_step))
    phases.enter("tokenise", len(rows))
    trainer = Trainer(
        model=model,
        args=_peer_arguments(own),
        train_dataset=[
            {**tokenizer(text, truncation=True, max_length=MAX_TOKENS), "labels": label}
            for text, label in rows
        ],
        data_collator=DataCollatorWithPadding(tokenizer),
    )
    trainer.remove_callback(PrinterCallback)
    trainer.train(resume_from_checkpoint=get_last_checkpoint(str(own)) if own.is_dir() else None)
    phases.enter("export")
    trainer.save_model(str(folder / "model"))
    return hashlib.sha256((folder / "model" / "model.safetensors").read_bytes()).hexdigest()


def _peer_arguments(folder: Path) -> Any:  # noqa: ANN401 - transformers is untyped
    from transformers import TrainingArguments

    return TrainingArguments(
        output_dir=str(folder),
        num_train_epochs=EPOCHS,
        per_device_train_batch_size=BATCH,
        save_strategy="steps",
        save_steps=1,
        save_total_limit=2,
        report_to="none",
        disable_tqdm=True,
        logging_strategy="no",
        use_cpu=True,
    )
