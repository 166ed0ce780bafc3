"""The loop once: pull, retrain, gate, promote, score, push; a second push changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from sftsec_core.demo.source import TASK, Source
from sftsec_core.operations.context import Context
from sftsec_core.operations.retrain import RetrainResult, retrain
from sftsec_core.operations.score import score

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from sftsec_core.api.domain import Actor
    from sftsec_core.operations.context import Sink


@dataclass(frozen=True, slots=True)
class DemoResult:
    """The result of the demo.

    Attributes:
        config: the configuration that it wrote; the other commands take it.
        scored: figures of scoring and pushing; None when the gate rejected every model.
    """

    retrained: RetrainResult
    config: Path
    scored: Mapping[str, Any] | None

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "config": str(self.config),
            "retrain": self.retrained.to_json(),
            "score": None if self.scored is None else dict(self.scored),
        }


def run_demo(source: Source, *, actor: Actor, sinks: Sequence[Sink] = ()) -> DemoResult:
    """Run the loop on a source.

    Raises:
        SftsecError: when any stage fails.
    """
    with Context.open(source.config, actor=actor, sinks=sinks) as context:
        retrained = retrain(context, TASK)
        if not retrained.promoted:
            return DemoResult(retrained, source.config, None)
        summary = score(context, TASK)
        again = score(context, TASK, rescan=True)
    pushed = _pushed(source.config.parent / "detections.jsonl")
    scored = {
        "scored": summary.scored.scored,
        "detections": summary.scored.detections,
        "pushed": summary.delivered.written,
        "pushed when everything is scored once more": again.delivered.written,
        **_measure(pushed, source),
    }
    return DemoResult(retrained, source.config, scored)


def _pushed(file: Path) -> list[dict[str, Any]]:
    if not file.exists():
        return []
    return [orjson.loads(line) for line in file.read_bytes().splitlines()]


def _measure(pushed: list[dict[str, Any]], source: Source) -> dict[str, Any]:
    """What analysts would find: the demo knows the true labels of the unlabelled incidents."""
    right = sum(_is_right(source, row) for row in pushed)
    found: dict[str, Any] = {"right among the detections": f"{right} of {len(pushed)}"}
    if source.benign is not None:
        attacks = sum(label != source.benign for label in source.truth.values())
        found["attacks found"] = f"{right} of {attacks}"
    return found


def _is_right(source: Source, row: Mapping[str, Any]) -> bool:
    truth = source.truth[row["sftsec.incident.uid"]]
    return truth != source.benign if source.benign else truth == row["sftsec.label"]
