"""Checkpoints that survive a kill: whose they are, whether they are whole, and no pickle in them.

    workdir/<recipe>/plan.json            whose run this is, and its schedule
    workdir/<recipe>/checkpoint-<step>/   model.safetensors (what is trained),
                                          best.safetensors (the same, at the best evaluation),
                                          optimizer.safetensors, optimizer.json,
                                          trainer_state.json (written last)

Transformers keeps the optimizer and the random generators as `torch.save` pickles, read back with
`weights_only=True`. That is a restricted unpickler, and still one. Here the optimizer goes into
safetensors and JSON, and the generators' states are not needed (`callbacks.StepSeed`).
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    import torch

    from sftsec_core.api.contracts import TrainJob
    from sftsec_core.api.domain import Example

PLAN = "plan.json"
STATE = "trainer_state.json"
WEIGHTS = "model.safetensors"
BEST = "best.safetensors"
OPTIMIZER = "optimizer.safetensors"
OPTIMIZER_SETTINGS = "optimizer.json"
SELECTION = "eval_score"  # what the best evaluation is the best by: more is better
LAYOUT = 5  # raise it when a checkpoint of an older version must not be resumed
_FOLDER = re.compile(r"^checkpoint-(\d+)$")


@dataclass(frozen=True, slots=True)
class Plan:
    """A run's schedule, kept so that a resumed run follows the one that it began with.

    Attributes:
        fingerprint: of the data, the settings, the encoder and the recipe.
        epochs: passes over the training examples; less than was asked when time is short.
        rows: examples a step.
        parts: passes in which a step takes them, where memory does not hold all at once.
    """

    fingerprint: str
    epochs: float
    rows: int
    parts: int = 1


def fingerprint(job: TrainJob[Any], recipe: str, encoder_digest: str) -> str:
    """Name what is trained by all that it depends on: hex SHA-256."""
    head = {
        "layout": LAYOUT,
        "recipe": recipe,
        "encoder": encoder_digest,
        "labels": job.task.labels,
        "objective": asdict(job.task.objective),
        "config": job.config.model_dump(mode="json", exclude={"encoder": {"path", "sha256"}}),
        "seed": job.settings.seed,
    }
    digest = hashlib.sha256(json.dumps(head, sort_keys=True).encode())
    for part in (job.train, job.dev):
        _digest_examples(digest, part)
    return digest.hexdigest()


def _digest_examples(digest: Any, examples: Iterable[Example]) -> None:  # noqa: ANN401 - hashlib's
    for example in examples:
        row = json.dumps([example.digest, example.label, example.weight])
        digest.update(row.encode() + b"\n")
    digest.update(b"\n")


def read_plan(folder: Path) -> Plan | None:
    """The plan of a run's folder; None when there is none or it is not whole."""
    try:
        return Plan(**json.loads((folder / PLAN).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def write_plan(folder: Path, plan: Plan) -> None:
    """Write the plan so that a kill leaves the old one or the new one."""
    draft = folder / f"{PLAN}.draft"
    draft.write_text(json.dumps(asdict(plan)), encoding="utf-8")
    draft.replace(folder / PLAN)


def claim_folder(folder: Path, print_of_run: str) -> Path | None:
    """Make a folder this run's own and find what an earlier, killed try left in it.

    Checkpoints of other data or settings are removed, and so are those that a kill left half
    written or half removed.

    Returns:
        The last whole checkpoint of this very run, or None to start afresh.
    """
    plan = read_plan(folder)
    if plan is None or plan.fingerprint != print_of_run:
        shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    found = {int(m[1]): path for path in folder.iterdir() if (m := _FOLDER.match(path.name))}
    for path in found.values():
        if not _is_whole(path):
            shutil.rmtree(path)
    whole = [step for step, path in found.items() if path.exists()]
    return found[max(whole)] if whole else None


def checkpoint_folder(folder: Path, step: int) -> Path:
    """Where the Trainer keeps the checkpoint of a step."""
    return folder / f"checkpoint-{step}"


def read_state(checkpoint: Path) -> dict[str, Any]:
    """The Trainer's state in a whole checkpoint: `global_step`, `max_steps`, `log_history`, ..."""
    state: dict[str, Any] = json.loads((checkpoint / STATE).read_text(encoding="utf-8"))
    return state


def best_step(history: Iterable[Mapping[str, float]]) -> int | None:
    """The step of the best evaluation in a Trainer's `log_history`, the first of equal ones."""
    scores = [(entry[SELECTION], -int(entry["step"])) for entry in history if SELECTION in entry]
    return -max(scores)[1] if scores else None


def _is_whole(checkpoint: Path) -> bool:
    """Whether all files are there and none is cut off; a safetensors header tells its length."""
    try:
        state = read_state(checkpoint)
        json.loads((checkpoint / OPTIMIZER_SETTINGS).read_text(encoding="utf-8"))
        best = [BEST] if best_step(state["log_history"]) is not None else []
        for name in (WEIGHTS, OPTIMIZER, *best):
            with safe_open(checkpoint / name, framework="pt"):
                pass
    except (OSError, ValueError, KeyError, SafetensorError):
        return False
    return True


def trained_weights(module: torch.nn.Module) -> dict[str, torch.Tensor]:
    """A copy of the parameters that are trained, where they are: for adapters a fraction."""
    return {
        name: parameter.detach().clone()
        for name, parameter in module.named_parameters()
        if parameter.requires_grad
    }


def save_weights(weights: Mapping[str, torch.Tensor], file: Path) -> None:
    """Write what `trained_weights` gave."""
    save_file({name: tensor.cpu().contiguous() for name, tensor in weights.items()}, file)


def load_weights(module: torch.nn.Module, weights: Mapping[str, torch.Tensor]) -> None:
    """Put back what `trained_weights` gave; everything else stays as it is."""
    module.load_state_dict(dict(weights), strict=False)


def read_weights(file: Path) -> dict[str, torch.Tensor]:
    """Read what `save_weights` wrote."""
    weights: dict[str, torch.Tensor] = load_file(file)
    return weights


def save_optimizer(
    optimizer: torch.optim.Optimizer,
    scheduler: torch.optim.lr_scheduler.LRScheduler,
    folder: Path,
) -> None:
    """Write an optimizer's moments as safetensors, its settings and the schedule as JSON."""
    state = optimizer.state_dict()
    tensors = {
        f"{number}.{name}": value.detach().cpu().contiguous()
        for number, values in state["state"].items()
        for name, value in values.items()
    }
    save_file(tensors, folder / OPTIMIZER)
    settings = {"groups": state["param_groups"], "schedule": scheduler.state_dict()}
    (folder / OPTIMIZER_SETTINGS).write_text(json.dumps(settings), encoding="utf-8")


def load_optimizer(
    optimizer: torch.optim.Optimizer,
    scheduler: torch.optim.lr_scheduler.LRScheduler,
    checkpoint: Path,
) -> None:
    """Put back what `save_optimizer` wrote."""
    settings = json.loads((checkpoint / OPTIMIZER_SETTINGS).read_text(encoding="utf-8"))
    for group in settings["groups"]:
        group["betas"] = tuple(group["betas"])  # JSON knows no tuples
    state: dict[int, dict[str, Any]] = {}
    for key, value in load_file(checkpoint / OPTIMIZER).items():
        number, name = key.split(".", 1)
        state.setdefault(int(number), {})[name] = value
    optimizer.load_state_dict({"state": state, "param_groups": settings["groups"]})
    scheduler.load_state_dict(settings["schedule"])
