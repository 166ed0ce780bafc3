"""The parts that the tests of scoring share: a small real model and a small real SIEM."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sftsec_core.api.domain import (
    TEXT_INPUT,
    Batch,
    Detection,
    Incident,
    IncidentPage,
    Inputs,
    LabelRequest,
    PullWindow,
    PushReceipt,
    Rejection,
    TaskSpec,
    Threshold,
)
from sftsec_core.evaluation.calibration import TemperatureCalibrator
from sftsec_core.scoring.scorer import Scorer
from sftsec_core.sdk.threshold import ThresholdDecider
from sftsec_files.config import FilesConfig
from sftsec_files.connector import FilesConnector

TASK = TaskSpec.of_text("mail", ("message",), ("ham", "spam", "virus"), benign="ham")


class WordModel:
    """Judges by words: each `spam` and `virus` in a text counts against `ham`."""

    def __init__(self, labels: tuple[str, ...] = TASK.labels) -> None:
        self.labels = labels
        self.asked: list[list[str]] = []

    def predict_proba(self, batch: Batch) -> NDArray[np.float64]:
        texts = batch.text()
        self.asked.append(list(texts))
        rows = [[1.0, *(3.0 * text.count(label) for label in self.labels[1:])] for text in texts]
        found = np.array(rows)
        total: NDArray[np.float64] = found / found.sum(axis=1, keepdims=True)
        return total

    def save(self, folder: Path) -> None:
        (folder / "labels").write_text(",".join(self.labels))


def same(incidents: Sequence[Incident]) -> Sequence[Incident]:
    return incidents


def message(incident: Incident) -> str:
    return str(incident.fields.get("message", ""))


def read(incident: Incident) -> Inputs:
    return {TEXT_INPUT: message(incident)} if message(incident) else {}


def scorer(
    model: Any = None, *, threshold: float = 0.5, temperature: float = 1.0, **changes: Any
) -> Scorer:
    task = changes.get("task", TASK)
    benign = None if task.benign is None else task.labels.index(task.benign)
    given: dict[str, Any] = {
        "task": TASK,
        "model": model or WordModel(),
        "model_digest": "d" * 64,
        "calibrator": TemperatureCalibrator(temperature),
        "decider": ThresholdDecider(Threshold(threshold, "fixed", threshold), benign),
        "steps": same,
        "render": read,
    }
    return Scorer(**{**given, **changes})


def incident(number: int, text: str, **fields: Any) -> Incident:
    return Incident(f"incident {number}", {"message": text, **fields})


class Pages:
    """A source of incidents in pages; counts how it was asked."""

    def __init__(self, incidents: Sequence[Incident], size: int = 2) -> None:
        self.incidents = list(incidents)
        self.size = size
        self.cursors: list[str | None] = []

    def check(self) -> Sequence[str]:
        return []

    def pull(self, window: PullWindow, *, cursor: str | None = None) -> Iterator[IncidentPage]:
        del window
        self.cursors.append(cursor)
        for start in range(int(cursor or 0), len(self.incidents), self.size):
            page = tuple(self.incidents[start : start + self.size])
            rejected = (Rejection(f"row {start}", "not JSON"),) if start == 2 else ()
            yield IncidentPage(page, str(start + len(page)), rejected)

    def push(self, detections: Sequence[Detection]) -> PushReceipt:
        raise NotImplementedError

    def request_labels(self, requests: Sequence[LabelRequest]) -> int:
        raise NotImplementedError

    def close(self) -> None:
        pass


def files(folder: Path) -> FilesConnector:
    """The files connector: reads `in.jsonl`, writes `out.jsonl`, five incidents a page."""
    return FilesConnector(
        FilesConfig(
            paths=(folder / "in.jsonl",),
            output=folder / "out.jsonl",
            page_size=5,
            id_scope="source",
        )
    )
