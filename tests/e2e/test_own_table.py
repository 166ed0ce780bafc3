"""From a table of one's own to detections, without a file being edited."""

from __future__ import annotations

import csv
import gzip
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

import pytest

from tests.e2e.site import PATIENCE_S, PLAIN

OPEN_ROWS = 100


def export(source: Path, out: Path, columns: Sequence[str], words: dict[str, str]) -> None:
    """Write real mails as a console exports them; the last ones have no verdict yet."""
    with gzip.open(source / "train.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    # The set is sorted by label, which no time of a console is.
    Random(1).shuffle(rows)  # noqa: S311 - an order, not a secret
    with out.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        for i, row in enumerate(rows):
            at = f"2026-01-{1 + i // 200:02} {i // 60 % 24:02}:{i % 60:02}:00"
            word = "" if i >= len(rows) - OPEN_ROWS else words[row["label"]]
            text = row["message"]
            writer.writerow([f"AL-{i:05}", at, " ".join(text.split())[:50], text, word])


def sftsec(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PLAIN, *arguments],
        cwd=folder,
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


class TestOwnTable:
    @pytest.mark.parametrize(
        ("columns", "words"),
        [
            (
                ("Alert ID", "Created (UTC)", "Subject", "Body", "Verdict"),
                {"ham": "False Positive", "spam": "Phishing"},
            ),
            (("#ref no.", "when", "v1", "v2", "is_spam?"), {"ham": "0", "spam": "1"}),
        ],
    )
    def test_takes_three_commands_after_setup(
        self,
        tmp_path: Path,
        data_dir: Callable[[str], Path],
        columns: Sequence[str],
        words: dict[str, str],
    ) -> None:
        export(data_dir("email_spam"), tmp_path / "alerts.csv", columns, words)
        init = ("init", "--from", "alerts.csv", "--recipe", "linear")
        for step in (init, ("retrain", "alerts"), ("score", "alerts")):
            done = sftsec(tmp_path, *step)
            assert done.returncode == 0, f"{step}\n{done.stdout}{done.stderr}"
        detections = (tmp_path / "detections.jsonl").read_text(encoding="utf-8").splitlines()
        assert 5 < len(detections) < OPEN_ROWS
