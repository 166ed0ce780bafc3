"""What kill -9 costs: small trainings killed at random instants and resumed until they are done.

Beside it the same with transformers.Trainer and its own checkpoints. Both save as often, train an
encoder of the same size on as many texts, on the CPU in one thread, so that a model is the same to
the last bit unless a kill has changed it.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from sftsec_core.bench.kills_child import EVERY, MODULE, STAGE, STEPS, TASK
from sftsec_core.operations.stopping import sigterm_interrupts
from sftsec_core.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator

SIDES = {"sftsec": "sftsec retrain", "trainer": "transformers.Trainer"}
LABELS = ("benign", "malicious")
_ROWS, _PEER_TEXTS, _SEED = 300, 180, 3
_SIGNS = (("git commit", "list files", "open mail"), ("curl evil host", "dump lsass", "beacon"))
_NOISE = ("report", "host", "user", "session", "update", "share", "policy", "queue", "agent")
_SHAPE = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "max_position_embeddings": 64,
}


@dataclass(slots=True)
class _Tally:
    """What the trainings of one side came to."""

    trainings: int = 0
    kills: int = 0
    lost: int = 0
    twice: int = 0
    different: int = 0
    steps: int = 0
    repeated: int = 0
    stages: Counter[str] = field(default_factory=Counter)


def run_kill_bench(
    kills: int,
    *,
    recipe: str = "full",
    every_s: float = 0.0,
    beside: bool = True,
    seed: int = 0,
) -> dict[str, Any]:
    """Kill trainings so often, and count what it cost.

    Args:
        kills: how many on each side.
        recipe: "full", or "linear", which takes no steps and imports no torch.
        every_s: seconds between two checkpoints of ours; the Trainer saves after each step.
        beside: measure transformers.Trainer too, beside `full`.
        seed: of the instants.

    Returns:
        sides, rows of: side, seconds (of an undisturbed training), trainings, kills, lost (did not
        come to their end), twice (made or promoted more than one model), different (another model
        than the undisturbed one), repeated (share of the training steps, 0 to 1), stages (kills
        by the stage that was under way).
    """
    chosen = SIDES if beside and recipe == "full" else {"sftsec": SIDES["sftsec"]}
    with (
        sigterm_interrupts(),
        tempfile.TemporaryDirectory(prefix="sftsec-bench-") as scratch,
    ):
        template = Path(scratch) / "template"
        _make(template, recipe)
        bench = _Bench(template, Path(scratch) / "work", every_s, random.Random(seed))  # noqa: S311 - instants, no secret
        return {"sides": [bench.side(name, title, kills) for name, title in chosen.items()]}


class _Bench:
    """Runs trainings in one folder, which each of them finds as the template is."""

    def __init__(self, template: Path, work: Path, every_s: float, instants: random.Random) -> None:
        self._template, self._work = template, work
        self._instants = instants
        self._environment = {
            **os.environ,
            EVERY: str(every_s),
            "OMP_NUM_THREADS": "1",
            "HF_HUB_OFFLINE": "1",
        }

    def side(self, name: str, title: str, kills: int) -> dict[str, Any]:
        """Measure one side."""
        started = time.monotonic()
        self._fresh()
        whole, _ = self._run(name, None)
        seconds = time.monotonic() - started
        if whole is None:
            raise RuntimeError(f"{title} does not come to its end undisturbed")
        tally = _Tally()
        while tally.kills < kills:
            self._train(name, whole, seconds, kills, tally)
        share = tally.repeated / tally.steps if tally.steps else 0.0
        return {
            "side": title,
            "seconds": round(seconds, 1),
            "trainings": tally.trainings,
            "kills": tally.kills,
            "lost": tally.lost,
            "twice": tally.twice,
            "different": tally.different,
            "repeated": round(share, 4),
            "stages": dict(tally.stages),
        }

    def _train(self, name: str, whole: str, seconds: float, kills: int, tally: _Tally) -> None:
        """One training, killed until it or the kills are at their end."""
        self._fresh()
        tally.trainings += 1
        killed = True
        made: str | None = None
        while killed:
            after = self._instants.uniform(0, seconds) if tally.kills < kills else None
            made, killed = self._run(name, after)
            if killed:
                tally.kills += 1
                tally.stages[self._stage()] += 1
        steps = self._work / STEPS
        taken = steps.read_text(encoding="ascii").split() if steps.exists() else []
        tally.steps += len(set(taken))
        tally.repeated += len(taken) - len(set(taken))
        tally.lost += made is None
        tally.different += made is not None and made != whole
        tally.twice += name == "sftsec" and not self._once()

    def _run(self, name: str, after_s: float | None) -> tuple[str | None, bool]:
        """Start a side's process, kill it with all that it started; what it made, and whether."""
        command = [sys.executable, "-P", "-m", MODULE, name, str(self._work)]
        with subprocess.Popen(
            command,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            process_group=0,
        ) as process:
            try:
                told, _ = process.communicate(timeout=after_s)
            except subprocess.TimeoutExpired:
                return None, True
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
        return (told.strip().splitlines()[-1] if process.returncode == 0 else None), False

    def _fresh(self) -> None:
        shutil.rmtree(self._work, ignore_errors=True)
        shutil.copytree(self._template, self._work)

    def _stage(self) -> str:
        try:
            return (self._work / STAGE).read_text(encoding="utf-8") or "start"
        except FileNotFoundError:
            return "start"

    def _once(self) -> bool:
        """Whether there is one run, one place of each alias, and a whole audit log."""
        with Store.open(None, folder=self._work / ".sftsec") as store:
            store.audit.verify()
            ended = [run.status for run in store.runs.list()]
            moves = len(store.models.alias_history(TASK, "live"))
            known = {model.folder for model in store.models.list(None)}
        models = {each for each in (self._work / ".sftsec" / "models").iterdir() if each.is_dir()}
        return ended in (["succeeded"], ["refused"]) and moves <= 1 and models == known


def _make(folder: Path, recipe: str) -> None:
    """Write the incidents, the configuration, the encoder, and the texts of the Trainer."""
    folder.mkdir()
    rows = list(_texts())
    with (folder / "incidents.jsonl").open("w", encoding="utf-8") as out:
        for number, (text, label) in enumerate(rows):
            row = {"id": f"i{number}", "message": text, "label": LABELS[label]}
            out.write(json.dumps(row) + "\n")
    (folder / "peer.json").write_text(json.dumps(rows[:_PEER_TEXTS]), encoding="utf-8")
    task = {
        "connector": "incidents",
        "text": ["message"],
        "labels": {name: [name] for name in LABELS},
        "benign": LABELS[0],
        "split": {"method": "stratified"},
        "train": {"recipe": _full(folder) if recipe == "full" else recipe},
        # So small an encoder need not be better than n-grams: the promotion is killed too.
        "gate": {"min_labels": 20, "on_few_labels": "warn", "beat_baseline": False},
    }
    settings = {
        "version": 1,
        "connectors": {"incidents": {"type": "files", "paths": ["incidents.jsonl"]}},
        "tasks": {TASK: task},
        "state": {"lease": "1s"},
    }
    (folder / "sftsec.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    state = folder / ".sftsec"
    state.mkdir(mode=0o700)
    # The model depends on it, through what is redacted.
    (state / "salt").write_bytes(bytes(32))
    (state / "salt").chmod(0o600)


def _texts() -> Iterator[tuple[str, int]]:
    """Texts of two classes, which one word in ten says wrongly."""
    draw = random.Random(_SEED)  # noqa: S311 - reproducible texts, no secret
    for number in range(_ROWS):
        label = number % 2
        told = label if draw.random() < 0.9 else 1 - label
        noise = " ".join(draw.choices(_NOISE, k=8))
        yield f"{draw.choice(_SIGNS[told])} {noise} {number}", label


def _full(folder: Path) -> dict[str, Any]:
    digest = _make_encoder(folder / "encoder")
    encoder = {"path": "encoder", "sha256": digest, "max_length": 32}
    return {
        "name": "full",
        "encoder": encoder,
        "epochs": 3,
        "batch_size": 8,
        "learning_rate": 3e-3,
    }


def _make_encoder(folder: Path) -> str:
    """Write a small encoder of random weights; return the digest that the configuration names."""
    import torch
    from transformers import BertConfig, BertModel

    from sftsec_core.recipes.config import EncoderSettings
    from sftsec_core.recipes.encoder.classifier import quiet_transformers
    from sftsec_core.recipes.encoder.encoder import load_tokenizer
    from sftsec_core.recipes.encoder_files import resolve_encoder

    tokenizer = load_tokenizer(resolve_encoder(EncoderSettings()).folder)
    with torch.random.fork_rng(devices=[]), quiet_transformers():
        torch.manual_seed(1)
        BertModel(BertConfig(vocab_size=len(tokenizer), **_SHAPE)).save_pretrained(folder)
        tokenizer.save_pretrained(folder)
    lines = [
        f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n"
        for file in sorted(folder.iterdir())
    ]
    return hashlib.sha256("".join(lines).encode()).hexdigest()
