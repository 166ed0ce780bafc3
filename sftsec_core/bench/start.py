"""How long commands take that have little to do, on a small site with a live linear model."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from sftsec_core.api.errors import TrainingError
from sftsec_core.bench.train import KINDS, make_texts

if TYPE_CHECKING:
    from collections.abc import Sequence

TASK = "bench"
_LABELS = ("benign", "malicious")
_LABELLED = 600
_PROGRAM = "from sftsec_core.cli import main; main()"  # what the installed script does
COMMANDS = {
    "--help": ("--help",),
    "config check": ("config", "check"),
    "status": ("status",),
    "score, nothing new": ("score", TASK),
}
TARGETS_S = {"--help": 0.15, "config check": 0.5, "score, nothing new": 1.0}


def run_start_bench(rounds: int) -> dict[str, Any]:
    """Run each command in a process of its own, in turns.

    Args:
        rounds: how often each.

    Returns:
        rounds, and commands: rows of command, seconds (the median), fastest_s, cpu_s (the median)
        and target_s (None without one).

    Raises:
        TrainingError: when a command fails.
    """
    seconds: dict[str, list[float]] = {name: [] for name in COMMANDS}
    cpu: dict[str, list[float]] = {name: [] for name in COMMANDS}
    with tempfile.TemporaryDirectory(prefix="sftsec-bench-") as scratch:
        folder = Path(scratch)
        _make_site(folder)
        for _ in range(rounds):
            for name, arguments in COMMANDS.items():
                wall, own = _run(folder, arguments)
                seconds[name].append(wall)
                cpu[name].append(own)
    return {
        "rounds": rounds,
        "commands": [
            {
                "command": name,
                "seconds": round(median(seconds[name]), 3),
                "fastest_s": round(min(seconds[name]), 3),
                "cpu_s": round(median(cpu[name]), 3),
                "target_s": TARGETS_S.get(name),
            }
            for name in COMMANDS
        ],
    }


def _make_site(folder: Path) -> None:
    """A live linear model, and everything scored."""
    texts, labels = make_texts(KINDS["urls"], _LABELLED + 50)
    with (folder / "incidents.jsonl").open("w", encoding="utf-8") as out:
        for number, (text, label) in enumerate(zip(texts, labels, strict=True)):
            verdict = {"label": _LABELS[label]} if number < _LABELLED else {}
            out.write(json.dumps({"id": f"i{number}", "message": text, **verdict}) + "\n")
    siem = {"type": "files", "paths": ["incidents.jsonl"], "output": "detections.jsonl"}
    task = {
        "connector": "siem",
        "text": ["message"],
        "labels": {label: [label] for label in _LABELS},
        "benign": _LABELS[0],
        "train": {"recipe": "linear"},
    }
    settings = {"version": 1, "connectors": {"siem": siem}, "tasks": {TASK: task}}
    (folder / "sftsec.yaml").write_text(json.dumps(settings), encoding="utf-8")
    for arguments in (("retrain", TASK), ("score", TASK)):
        _run(folder, arguments)


def _run(folder: Path, arguments: Sequence[str]) -> tuple[float, float]:
    """Wall and processor seconds of a command.

    Raises:
        TrainingError: when it fails.
    """
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    wall, after = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise TrainingError(f"sftsec {' '.join(arguments)} failed: {done.stderr.strip()[-300:]}")
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, used
