"""The Trainer without its pickles: checkpoints of safetensors and JSON, see `checkpoint`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from transformers import Trainer

from sftsec_core.recipes.encoder.checkpoint import (
    BEST,
    WEIGHTS,
    load_optimizer,
    load_weights,
    read_weights,
    save_optimizer,
    save_weights,
    trained_weights,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    import torch


class PickleFreeTrainer(Trainer):  # type: ignore[misc]  # transformers is untyped
    """`transformers.Trainer` whose checkpoints hold nothing that is unpickled.

    The underscored methods replace its pickles. They are not its public interface: a test trains
    and looks for pickles, so that a new release that renames one is noticed.

    Attributes:
        best: the trained weights at the best evaluation; None before the first.
    """

    best: dict[str, torch.Tensor] | None = None

    def _save(self, output_dir: str, state_dict: Mapping[str, Any] | None = None) -> None:
        folder = Path(output_dir)
        folder.mkdir(parents=True, exist_ok=True)
        save_weights(trained_weights(self.model), folder / WEIGHTS)
        if self.best is not None:
            save_weights(self.best, folder / BEST)

    def _save_optimizer_and_scheduler(self, output_dir: str) -> None:
        if self.args.should_save:
            save_optimizer(self.optimizer, self.lr_scheduler, Path(output_dir))

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        if checkpoint is not None:
            load_optimizer(self.optimizer, self.lr_scheduler, Path(checkpoint))

    def _save_rng_state(self, output_dir: str) -> None:
        """Nothing: `StepSeed` makes every step's chance a function of its number."""

    def _load_from_checkpoint(
        self, resume_from_checkpoint: str, model: torch.nn.Module | None = None
    ) -> None:
        folder = Path(resume_from_checkpoint)
        load_weights(self.model if model is None else model, read_weights(folder / WEIGHTS))
        if (folder / BEST).exists():
            self.best = read_weights(folder / BEST)

    def _load_rng_state(self, checkpoint: str | None) -> None:
        """Nothing, see `_save_rng_state`."""
