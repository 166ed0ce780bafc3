"""Fine-tuning of a backbone under a linear classifier, resumed from the last whole epoch."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from sftsec_vision.config import PACKAGED

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from sftsec_vision.config import VisionConfig
    from sftsec_vision.head import HeadTargets
    from sftsec_vision.network.backbone import Backbone

_TENSORS, _PROGRESS = "epoch.safetensors", "epoch.json"
_WARM_UP = 0.1
_WEIGHT_DECAY = 0.01
_LAST_BLOCKS = 11  # of EfficientNet-Lite0: the last two stages, two thirds of its weights


@dataclass(frozen=True, slots=True)
class TunePlan:
    """What to fine-tune on.

    Attributes:
        pictures: makes the changed picture of a row in an epoch, shape (size, size, 3).
        targets: what the rows are to be.
        columns: classes.
        seed: the only chance.
        folder: where checkpoints lie.
        deadline_s: seconds that it may take; None for no bound. It ends after a whole epoch.
        log: told of each epoch.
    """

    pictures: Callable[[int, int], NDArray[np.uint8]]
    targets: HeadTargets
    columns: int
    seed: int
    folder: Path
    deadline_s: float | None
    log: Callable[[int, dict[str, float]], None]


def finetune(backbone: Backbone, plan: TunePlan, config: VisionConfig) -> int:
    """Fine-tune in place; the number of epochs that were carried out."""
    torch.manual_seed(plan.seed)
    run = _Tuning(backbone, plan, config)
    done, started = run.resume(), time.monotonic()
    for epoch in range(done, config.epochs):
        plan.log(epoch + 1, {"loss": run.epoch(epoch)})
        run.save(epoch + 1)
        done = epoch + 1
        took = (time.monotonic() - started) / (epoch + 1 - run.begun)
        if plan.deadline_s is not None and time.monotonic() - started + took > plan.deadline_s:
            break
    backbone.network.eval()
    return done


class _Tuning:
    """A fine-tuning under way."""

    def __init__(self, backbone: Backbone, plan: TunePlan, config: VisionConfig) -> None:
        self.begun = 0
        self._backbone, self._plan, self._config = backbone, plan, config
        head = nn.Linear(backbone.width, plan.columns).to(backbone.device)
        self._whole = nn.ModuleDict({"network": backbone.network, "head": head})
        self._parts = _trained_parts(backbone, config.tune)
        for weight in backbone.network.parameters():
            weight.requires_grad_(False)
        learned = [w for part in self._parts for w in part.parameters()]
        for weight in learned:
            weight.requires_grad_()
        self._optimizer = torch.optim.AdamW(
            [*learned, *head.parameters()], config.learning_rate, weight_decay=_WEIGHT_DECAY
        )
        self._steps = math.ceil(len(plan.targets.y) / config.batch)
        counts = np.bincount(plan.targets.y, plan.targets.weight, plan.columns)
        balance = counts.sum() / np.maximum(counts, 1e-9) / max(1, (counts > 0).sum())
        self._weight = plan.targets.weight * balance[plan.targets.y]

    def epoch(self, number: int) -> float:
        """Go once over the rows; the mean loss."""
        self._backbone.network.eval()
        for part in self._parts:
            part.train()
        order = np.random.default_rng((self._plan.seed, number)).permutation(len(self._weight))
        losses = []
        for step in range(self._steps):
            rows = order[step * self._config.batch : (step + 1) * self._config.batch]
            if len(rows) > 1:  # a batch of one has no spread to normalise by
                losses.append(self._step(rows.tolist(), number * self._steps + step, number))
        return float(np.mean(losses)) if losses else math.nan

    def save(self, done: int) -> None:
        """Keep what an epoch has come to: first the tensors, then the note that names them."""
        folder = self._plan.folder
        tensors = {f"model.{k}": v.contiguous() for k, v in self._whole.state_dict().items()}
        for index, state in self._optimizer.state_dict()["state"].items():
            tensors |= {
                f"optimizer.{index}.{k}": torch.as_tensor(v).contiguous() for k, v in state.items()
            }
        name = f"{done}.{_TENSORS}"
        save_file(tensors, folder / name)
        draft = folder / f"{_PROGRESS}.draft"
        draft.write_text(json.dumps({"done": done, "tensors": name}), encoding="utf-8")
        draft.replace(folder / _PROGRESS)
        for old in folder.glob(f"*.{_TENSORS}"):
            if old.name != name:
                old.unlink()

    def resume(self) -> int:
        """Take up what a killed fine-tuning kept; the epochs that it had done."""
        note = self._plan.folder / _PROGRESS
        if not note.is_file():
            return 0
        said: dict[str, Any] = json.loads(note.read_text(encoding="utf-8"))
        tensors = load_file(self._plan.folder / said["tensors"])
        own = {k.removeprefix("model."): v for k, v in tensors.items() if k.startswith("model.")}
        self._whole.load_state_dict(own)
        state: dict[int, dict[str, torch.Tensor]] = {}
        for name, value in tensors.items():
            if name.startswith("optimizer."):
                _, index, key = name.split(".")
                state.setdefault(int(index), {})[key] = value
        groups = self._optimizer.state_dict()["param_groups"]
        self._optimizer.load_state_dict({"state": state, "param_groups": groups})
        self.begun = int(said["done"])
        return self.begun

    def _step(self, rows: Sequence[int], number: int, epoch: int) -> float:
        device = self._backbone.device
        pictures = [self._plan.pictures(row, epoch) for row in rows]
        y = torch.as_tensor(self._plan.targets.y[rows], device=device)
        weight = torch.as_tensor(self._weight[rows], dtype=torch.float32, device=device)
        for group in self._optimizer.param_groups:
            group["lr"] = self._config.learning_rate * self._slope(number)
        self._optimizer.zero_grad()
        with self._backbone.half():
            vectors = self._whole["network"](self._backbone.scaled(pictures))
            scores = self._whole["head"](vectors)
        each = nn.functional.cross_entropy(scores.float(), y, reduction="none")
        loss = (each * weight).sum() / weight.sum().clamp_min(1e-9)
        loss.backward()  # type: ignore[no-untyped-call]
        self._optimizer.step()
        return float(loss.detach())

    def _slope(self, number: int) -> float:
        """A linear warm-up, then half a cosine."""
        total = self._steps * self._config.epochs
        warm = max(1, int(total * _WARM_UP))
        if number < warm:
            return (number + 1) / warm
        return 0.5 * (1 + math.cos(math.pi * (number - warm) / max(1, total - warm)))


def _trained_parts(backbone: Backbone, tune: str) -> list[nn.Module]:
    network: Any = backbone.network
    if tune == "all":
        return [network]
    if backbone.name == PACKAGED:
        return [*network.blocks[_LAST_BLOCKS:], network.head]
    return [network.layer4]
