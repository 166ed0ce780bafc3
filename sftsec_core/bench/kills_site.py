"""What `sftsec bench kills` trains on: a site with a small task, and a small encoder."""

from __future__ import annotations

import hashlib
import json
import random
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TASK = "triage"
EPOCHS, BATCH, MAX_TOKENS = 12, 8, 32
LABELS = ("benign", "malicious")
# Texts to train on in `peer.json`: as many as our side has left once dev and test are taken.
_ROWS, PEER_TEXTS, _SEED = 300, 216, 3
_SIGNS = (("git commit", "list files", "open mail"), ("curl evil host", "dump lsass", "beacon"))
_NOISE = ("report", "host", "user", "session", "update", "share", "policy", "queue", "agent")
_PADDING, _UNKNOWN = "[PAD]", "[UNK]"
_SHAPE = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "max_position_embeddings": 64,
}


def make_site(folder: Path, recipe: str) -> None:
    """Write the incidents, the configuration, the encoder, and the texts of the Trainer.

    Args:
        folder: made here.
        recipe: "full", which gets an encoder of random weights, or another one.
    """
    folder.mkdir()
    rows = list(_texts())
    with (folder / "incidents.jsonl").open("w", encoding="utf-8") as out:
        for number, (text, label) in enumerate(rows):
            row = {"id": f"i{number}", "message": text, "label": LABELS[label]}
            out.write(json.dumps(row) + "\n")
    (folder / "peer.json").write_text(json.dumps(rows[:PEER_TEXTS]), encoding="utf-8")
    task = {
        "connector": "incidents",
        "text": ["message"],
        "labels": {name: [name] for name in LABELS},
        "benign": LABELS[0],
        "split": {"method": "stratified"},
        # No budget: the epochs that fit one depend on how busy the machine is.
        "train": {"recipe": _full(folder) if recipe == "full" else recipe, "budget": None},
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
    encoder = {"path": "encoder", "sha256": digest, "max_length": MAX_TOKENS}
    return {
        "name": "full",
        "encoder": encoder,
        "epochs": EPOCHS,
        "patience": 0,
        "batch_size": BATCH,
        "learning_rate": 3e-3,
    }


def _make_encoder(folder: Path) -> str:
    """Write a small encoder of random weights; return the digest that the configuration names.

    Its vocabulary is that of the texts: with a usual one, a checkpoint would be a hundred times
    as large as the layers, and the benchmark one of the disk.
    """
    import torch
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    from sftsec_core.recipes.encoder.encoder import quiet_transformers

    special = {"unk_token": _UNKNOWN, "pad_token": _PADDING}
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=_tokenizer(), **special)
    with torch.random.fork_rng(devices=[]), quiet_transformers():
        torch.manual_seed(1)
        BertModel(BertConfig(vocab_size=len(tokenizer), **_SHAPE)).save_pretrained(folder)
        tokenizer.save_pretrained(folder)
    lines = [
        f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n"
        for file in sorted(folder.iterdir())
    ]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _tokenizer() -> Any:  # noqa: ANN401 - tokenizers gives it no useful type
    """A token for each word of the texts, and for each digit."""
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Digits, Sequence, Whitespace

    words = {word for signs in _SIGNS for sign in signs for word in sign.split()}
    known = [_PADDING, _UNKNOWN, *sorted({*words, *_NOISE, *"0123456789"})]
    made = Tokenizer(WordLevel({word: i for i, word in enumerate(known)}, _UNKNOWN))
    made.pre_tokenizer = Sequence([Whitespace(), Digits(individual_digits=True)])
    return made
