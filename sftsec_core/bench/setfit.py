"""SetFit's own package on the folders, seeds and draws of the quality benchmark.

    uv venv ENV && uv pip install -p ENV/bin/python 'setfit==1.1.3' 'transformers<5'
    python -m sftsec_core.bench.setfit ENV/bin/python DIR... [--limit-train N] [--seed S]...
        [--output FILE]

The environment is one of its own, since SetFit needs an older transformers. It tunes the packaged
encoder by its paper's settings; `python -m sftsec_core.bench.quality` with the same `--limit-train`
and `--seed` gives the rows to compare with. Compare `fit_cpu_s` where the machine has other work.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sftsec_core.api.domain import Batch
from sftsec_core.api.errors import TrainingError
from sftsec_core.bench import setfit_fit
from sftsec_core.bench.measured_rows import MeasuredRows
from sftsec_core.bench.quality import judge
from sftsec_core.bench.quality_data import limit_train, read_dataset
from sftsec_core.recipes.config import EncoderSettings
from sftsec_core.recipes.encoder_files import resolve_encoder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray


def measure_setfit(python: Path, folder: Path, limit: int | None, seed: int) -> dict[str, Any]:
    """Fit SetFit once and give its figures of test.

    Args:
        python: the interpreter of an environment that has SetFit.
        folder: holds `train|dev|test.jsonl.gz`; dev is not read by SetFit.
        limit: rows of train to draw, as `plan_runs` has them drawn; None for all.
        seed: of the draw and of the training.

    Returns:
        The keys of `quality.KEYS` but for the peak of memory and the rows that it does not read,
        and those that tell the run from others.

    Raises:
        DataError: when the folder holds no data.
        TrainingError: when SetFit fails.
    """
    dataset = read_dataset(folder)
    train = limit_train(dataset.train, limit, seed)
    inputs = dataset.task.inputs
    made = _fit(
        python,
        {
            "encoder": str(resolve_encoder(EncoderSettings()).folder),
            "texts": list(Batch.of_examples(inputs, train).text()),
            "labels": [example.label for example in train],
            "test": list(Batch.of_examples(inputs, dataset.test).text()),
            "seed": seed,
        },
    )
    proba = _columns(made, dataset.task.labels)
    return {
        **_key(folder, limit, seed),
        "n_train": len(train),
        "n_test": len(dataset.test),
        **judge(dataset.test, proba, dataset.task.labels, dataset.task.benign),
        "fit_s": round(made["fit_s"], 3),
        "fit_cpu_s": round(made["fit_cpu_s"], 3),
        "score_per_s": round(len(dataset.test) / max(made["score_s"], 1e-9), 1),
    }


def _key(folder: Path, limit: int | None, seed: int) -> dict[str, Any]:
    return {"dataset": folder.name, "recipe": "setfit", "seed": seed, "limit_train": limit}


def _fit(python: Path, job: Mapping[str, Any]) -> dict[str, Any]:
    """Run the script in its own environment; nothing is fetched."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "job.json").write_text(json.dumps(job), encoding="utf-8")
        try:
            subprocess.run(
                # -I: the script's folder, which is ours, is no place to import from.
                [str(python), "-I", setfit_fit.__file__, name],
                check=True,
                capture_output=True,
                text=True,
                errors="replace",
                env={**os.environ, "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"},
            )
            return dict(json.loads((folder / "proba.json").read_text(encoding="utf-8")))
        except OSError as error:
            raise TrainingError(f"{python} cannot be run: {error}") from error
        except subprocess.CalledProcessError as error:
            last = (error.stderr.strip().splitlines() or ["it said nothing"])[-1]
            raise TrainingError(f"setfit by {python} ended with {error.returncode}: {last}") from (
                error
            )


def _columns(made: Mapping[str, Any], labels: Sequence[str]) -> NDArray[np.float64]:
    """SetFit's probabilities in the order of the task's labels; 0 for one it never saw."""
    known = np.array(made["proba"], dtype=np.float64)
    out = np.zeros((len(known), len(labels)))
    out[:, [labels.index(label) for label in made["classes"]]] = known
    return out


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a JSON object a line; `--output` keeps them, and what it has is not run again."""
    parser = argparse.ArgumentParser(description="Measure SetFit on labelled folders.")
    parser.add_argument("python", type=Path, help="of an environment that has setfit")
    parser.add_argument("folders", nargs="+", type=Path, metavar="DIR")
    parser.add_argument("--limit-train", type=int, metavar="N")
    parser.add_argument("--seed", action="append", type=int)
    parser.add_argument("--output", type=Path, help="JSON lines that are read and added to")
    given = parser.parse_args(arguments)
    measured = MeasuredRows.read(given.output)
    for folder in given.folders:
        for seed in given.seed or (13,):
            row = measured.find(_key(folder, given.limit_train, seed))
            if row is None:
                row = measure_setfit(given.python, folder, given.limit_train, seed)
                measured.add(row)
            print(json.dumps(row), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
