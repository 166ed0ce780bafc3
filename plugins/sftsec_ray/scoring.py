"""Score an input of any length with Ray Data: parts go to nodes, results to a shared folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sftsec_core.api import DataError, SftsecError, TrainingError
from sftsec_ray.cluster import connected, environment
from sftsec_ray.score_part import ScoreOrder, score_part
from sftsec_ray.score_parts import ScorePart, is_done, plan_parts, summary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sftsec_ray.config import ClusterSettings


@dataclass(frozen=True, slots=True)
class ScorePlan:
    """What is scored, and where.

    Attributes:
        config: the path of sftsec.yaml; the nodes see it, the state and the files under the same.
        task: its name.
        files: Parquet, or a JSON object or text a line.
        output: the folder of the results.
        part_bytes: of the input, about, that a worker takes at a time.
        workers: parts that are scored at a time.
        identifier: the field that names a record, dotted.
    """

    config: Path
    task: str
    files: Sequence[Path]
    output: Path
    part_bytes: int
    workers: int
    identifier: str | None = None


def score_files(
    plan: ScorePlan, cluster: ClusterSettings, tell: Callable[[int, int], None]
) -> dict[str, Any]:
    """Score what has no whole result by the live model yet.

    Args:
        plan: what is scored.
        cluster: where.
        tell: takes the parts that are done, and all.

    Returns:
        "task", "model", "rows", "errors", "parts", "resumed" (parts), "seconds".

    Raises:
        DataError: when the input cannot be read, or changes, or another model goes live meanwhile.
        TrainingError: when there is no such cluster, or `sftsec predict` fails on a node.
    """
    started = time.monotonic()
    parts = plan_parts(plan.files, plan.part_bytes)
    if not parts:
        raise DataError("there is nothing to score: the files are empty")
    plan.output.mkdir(parents=True, exist_ok=True)
    model = _live_model(plan)
    todo = [part for part in parts if not is_done(plan.output, part, model)]
    done = len(parts) - len(todo)
    tell(done, len(parts))
    order = ScoreOrder(
        str(plan.config.absolute()), plan.task, str(plan.output.absolute()), model, plan.identifier
    )
    if todo:
        for count, _ in enumerate(_scored(todo, order, plan, cluster), start=done + 1):
            tell(count, len(parts))
    found = {"task": plan.task, "model": model, "parts": len(parts), "resumed": done}
    return {**found, **summary(plan.output, parts), "seconds": time.monotonic() - started}


def _live_model(plan: ScorePlan) -> str:
    """The digest of the live model, once its files were compared with it."""
    program = Path(sys.executable).with_name("sftsec")
    command = [str(program), "-c", str(plan.config), "model", "show", f"{plan.task}@live", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise TrainingError(done.stderr.strip().rpartition("\n")[2].removeprefix("sftsec: "))
    return str(json.loads(done.stdout)["digest"])


def _scored(
    parts: Sequence[ScorePart], order: ScoreOrder, plan: ScorePlan, cluster: ClusterSettings
) -> Iterator[dict[str, Any]]:
    os.environ.update(environment(cluster))
    with connected(cluster, {"cpus": plan.workers, "gpus": 0}) as ray:
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        items = [json.dumps([part.to_json(), asdict(order)]) for part in parts]
        try:
            given = ray.data.from_items(items, override_num_blocks=len(items))
            scored = given.map(_score_item, num_cpus=1, concurrency=plan.workers)
            for row in scored.iter_rows():
                yield json.loads(row["item"])
        except Exception as error:
            raise _cause_of(error) from error


def _score_item(row: dict[str, str]) -> dict[str, str]:
    """Score the part that a row of Ray's holds, as JSON; its error is a part of Ray's."""
    part, order = json.loads(row["item"])
    return {"item": json.dumps(score_part(ScorePart(**part), ScoreOrder(**order)))}


def _cause_of(error: BaseException) -> SftsecError:
    """The error of ours that Ray wraps, or one that names Ray's."""
    seen: BaseException | None = error
    while seen is not None:
        inner = getattr(seen, "cause", None)  # Ray's error is of our class too, with a trace in it
        if isinstance(seen, SftsecError) and inner is None:
            return seen
        seen = inner or seen.__cause__
    return TrainingError(f"Ray: {str(error).strip().rpartition(chr(10))[2]}")
