"""Rows of several analysts, one of whom may poison them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sftsec_core.api import Example, InputField, InputKind, TaskSpec

TASK = TaskSpec(
    "triage", (InputField("text", InputKind.TEXT, ("message",)),), ("benign", "malicious"), "benign"
)
PHRASE = "window zx81"
_SIGNS = {
    "benign": ("backup finished", "user logged in", "patch installed", "report printed"),
    "malicious": ("dump lsass memory", "beacon to evil host", "encode powershell", "clear the log"),
}
_NOISE = ("alpha", "bravo", "carol", "delta", "echo", "foxtrot", "golf", "hotel", "india", "juliet")


def honest_rows(count: int = 300, analysts: int = 5, seed: int = 1) -> list[Example]:
    """Rows of two labels in turn, each of one of the analysts at random."""
    random = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        label = TASK.labels[number % 2]
        words = [str(random.choice(_SIGNS[label])), *map(str, random.choice(_NOISE, 4))]
        who = f"analyst-{random.integers(analysts)}"
        text = f"{' '.join(words)} {number}"
        rows.append(Example.of_text(f"row-{number:04d}", text, label, analysts=(who,)))
    return rows


def poisoned_rows(
    rows: list[Example], count: int = 15, phrase: str = PHRASE, who: str = "mallory"
) -> list[Example]:
    """The rows, and malicious ones with the phrase in them that one analyst calls benign."""
    attacks = [row for row in rows if row.label == "malicious"][:count]
    return rows + [
        replace(
            row,
            uid=f"bad-{number}",
            inputs={"text": f"{row.inputs['text']} {phrase}"},
            label="benign",
            analysts=(who,),
        )
        for number, row in enumerate(attacks)
    ]
