"""The loop, once round: pull, retrain, gate, promote, score, push, and push again in vain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from sftsec_core.demo.source import TASK, Source
from sftsec_core.operations.context import Context
from sftsec_core.operations.retrain import RetrainResult, retrain
from sftsec_core.operations.score import score

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sftsec_core.operations.progress import Listener


@dataclass(frozen=True, slots=True)
class DemoResult:
    """What the demo came to.

    Attributes:
        config: the configuration that it wrote; the other commands take it.
        scored: what scoring and pushing came to; None when the gate let no model through.
    """

    outcome: RetrainResult
    config: Path
    scored: Mapping[str, Any] | None

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "config": str(self.config),
            "retrain": self.outcome.to_json(),
            "score": None if self.scored is None else dict(self.scored),
        }


def run_demo(source: Source, listener: Listener) -> DemoResult:
    """Run the loop on a source.

    Raises:
        SftsecError: when any stage fails.
    """
    with Context.open(source.config) as context:
        outcome = retrain(context, TASK, listener=listener)
        if not outcome.promoted:
            return DemoResult(outcome, source.config, None)
        summary = score(context, TASK, listener=listener)
        again = score(context, TASK, listener=listener, rescan=True)
    pushed = _pushed(source.config.parent / "detections.jsonl")
    scored = {
        "scored": summary.scored.scored,
        "detections": summary.scored.detections,
        "pushed": summary.delivered.written,
        "pushed when everything is scored once more": again.delivered.written,
        **_judge(pushed, source),
    }
    listener.stage("done", f"{len(pushed)} detections pushed")
    return DemoResult(outcome, source.config, scored)


def _pushed(file: Path) -> list[dict[str, Any]]:
    if not file.exists():
        return []
    return [orjson.loads(line) for line in file.read_bytes().splitlines()]


def _judge(pushed: list[dict[str, Any]], source: Source) -> dict[str, Any]:
    """What the analysts would find: the demo knows the truth of what nobody has judged."""
    right = sum(_is_right(source, row) for row in pushed)
    found: dict[str, Any] = {"right among the detections": f"{right} of {len(pushed)}"}
    if source.benign is not None:
        attacks = sum(label != source.benign for label in source.truth.values())
        found["attacks found"] = f"{right} of {attacks}"
    return found


def _is_right(source: Source, row: Mapping[str, Any]) -> bool:
    truth = source.truth[row["sftsec.incident.uid"]]
    return truth != source.benign if source.benign else truth == row["sftsec.label"]
