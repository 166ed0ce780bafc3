"""Texts of two classes that overlap: a model is glad of any other sign, such as an office."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from tests.core.bench.records import write_part

_CALM = ("report", "meeting", "invoice", "agenda", "lunch", "budget", "holiday", "printer")
_RISKY = ("password", "verify", "urgent", "locked", "prize", "click", "expired", "confirm")
_BOTH = ("please", "today", "team", "account", "the", "of", "mail", "new", "your", "our")
ROWS = {"train": 1200, "dev": 400, "test": 800}


def offices_folder(folder: Path, seed: int = 1) -> Path:
    """Write train, dev and test."""
    draw = random.Random(seed)  # noqa: S311 - reproducible texts, no secret
    for part, rows in ROWS.items():
        records = [_record(f"{part}{n}", n % 2 == 1, draw) for n in range(rows)]
        write_part(folder, part, records)
    return folder


def _record(name: str, attack: bool, draw: random.Random) -> dict[str, Any]:
    words = draw.choices(_BOTH, k=6)
    for _ in range(4):
        own = draw.random() < 0.66
        words.append(draw.choice(_RISKY if own == attack else _CALM))
    draw.shuffle(words)
    text = " ".join(words)
    return {"id": name, "message": f"{text} {name}", "label": "malicious" if attack else "benign"}
