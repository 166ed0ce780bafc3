"""Fit SetFit (Tunstall et al., 2022) once; runs in an environment that has `setfit` and not us.

    PYTHON setfit_fit.py FOLDER

FOLDER holds `job.json`: `encoder` (a folder), `texts`, `labels` and `test` (lists of strings) and
`seed`. `proba.json` is left there: `classes`, `proba` (a row a text of `test`), `fit_s`,
`fit_cpu_s` and `score_s`. Imports are not part of the times.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

ITERATIONS = 20  # pairs of each kind a text: R of the paper
BATCH = 16


def fit(job: dict[str, Any], workdir: Path) -> dict[str, Any]:
    """Tune the encoder on pairs and fit SetFit's own logistic head; score the test texts."""
    from datasets import Dataset
    from setfit import SetFitModel, Trainer, TrainingArguments

    started, cpu = time.perf_counter(), time.process_time()
    model = SetFitModel.from_pretrained(job["encoder"])
    settings = TrainingArguments(
        output_dir=str(workdir / "checkpoints"),
        num_iterations=ITERATIONS,
        batch_size=BATCH,
        seed=job["seed"],
        save_strategy="no",
        report_to="none",
    )
    train = Dataset.from_dict({"text": job["texts"], "label": job["labels"]})
    Trainer(model=model, args=settings, train_dataset=train).train()
    fitted, fitted_cpu = time.perf_counter(), time.process_time()
    proba = model.predict_proba(job["test"], as_numpy=True)
    return {
        "classes": [str(each) for each in model.model_head.classes_],
        "proba": proba.tolist(),
        "fit_s": fitted - started,
        "fit_cpu_s": fitted_cpu - cpu,
        "score_s": time.perf_counter() - fitted,
    }


def main(folder: Path) -> None:
    """Read the job of a folder and leave the answers there."""
    import setfit  # noqa: F401 - imported before the clock starts

    job = json.loads((folder / "job.json").read_text(encoding="utf-8"))
    made = fit(job, folder)
    (folder / "proba.json").write_text(json.dumps(made), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
