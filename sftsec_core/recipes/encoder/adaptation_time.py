"""How long an adaptation takes, from a few batches of its own texts; and what a budget holds."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
import torch

from sftsec_core.api.errors import TrainingError
from sftsec_core.recipes.encoder.adapter import AdaptationData, masked_loss
from sftsec_core.recipes.encoder.data import LengthBucketSampler
from sftsec_core.recipes.encoder.packing import to_device
from sftsec_core.recipes.encoder.speed import FORWARD_SHARE
from sftsec_core.recipes.encoder.time_plan import PLANNED_SHARE

if TYPE_CHECKING:
    from sftsec_core.recipes.adaptation import AdaptationSettings

FEWEST_STEPS = 16  # below that there is no telling the encoder's part from the head's
_TIMED = 5  # batches, from the shortest to the longest texts


@dataclass(frozen=True, slots=True)
class AdaptationTime:
    """What an adaptation takes, in seconds.

    Attributes:
        step_s: a step, of the mean length.
        evaluations_s: all looks at dev's words.
        a_pass: steps of one pass over the texts.
        wanted: steps of all passes.
    """

    step_s: float
    evaluations_s: float
    a_pass: int
    wanted: int

    @classmethod
    def of(cls, data: AdaptationData, config: AdaptationSettings) -> Self:
        """Time some batches; the model is not changed."""
        lengths, rows = data.train.rows.lengths, config.batch_size
        per_token_s = _measure(data, rows)
        batches = LengthBucketSampler(lengths, rows, seed=0).batches()
        step_s = per_token_s * float(np.mean([len(b) * lengths[b].max() for b in batches]))
        # A step of the head alone has no backward pass through the encoder.
        step_s *= 1 - config.head_share * (1 - FORWARD_SHARE)
        evaluating = per_token_s * FORWARD_SHARE * int(data.dev.rows.lengths.sum())
        a_pass, wanted = passes(data, config)
        return cls(step_s, (config.evaluations + 1) * evaluating, a_pass, wanted)

    def seconds(self, steps: int) -> float:
        """What so many steps take."""
        return self.evaluations_s + steps * self.step_s

    def steps_within(self, budget_s: float, spent_s: float = 0.0) -> int:
        """The steps that a budget holds, of those wanted at most; 0 where it holds too few."""
        left = PLANNED_SHARE * budget_s - spent_s - self.evaluations_s
        held = int(left / self.step_s)
        return 0 if held < FEWEST_STEPS else min(held, self.wanted)

    def least_budget_s(self, spent_s: float = 0.0) -> int:
        """Whole seconds of the shortest budget that is not refused."""
        return math.ceil((spent_s + self.seconds(FEWEST_STEPS)) / PLANNED_SHARE) + 1


def passes(data: AdaptationData, config: AdaptationSettings) -> tuple[int, int]:
    """The steps of one pass over the texts, and of all passes."""
    a_pass = -(-len(data.train.rows.lengths) // config.batch_size)
    return a_pass, max(round(config.epochs * a_pass), FEWEST_STEPS)


def planned_steps(
    data: AdaptationData, config: AdaptationSettings, deadline_s: float | None, spent_s: float
) -> int:
    """The steps of all passes, or as many as the deadline holds.

    Raises:
        TrainingError: when that is too few.
    """
    if deadline_s is None:
        return passes(data, config)[1]
    begun = time.monotonic()
    found = AdaptationTime.of(data, config)
    spent_s += time.monotonic() - begun
    steps = found.steps_within(deadline_s, spent_s)
    if not steps:
        raise TrainingError(
            f"the budget holds fewer than {FEWEST_STEPS} training steps, which are the least: "
            f"raise --budget to {found.least_budget_s(spent_s)}s or more"
        )
    return steps


def _measure(data: AdaptationData, rows: int) -> float:
    """Seconds of a training step a token, padding included; changes nothing."""
    lengths = data.train.rows.lengths
    batches = LengthBucketSampler(lengths, rows, seed=0).batches()
    batches.sort(key=lambda batch: lengths[batch].max())
    chosen = np.linspace(0, len(batches) - 1, _TIMED).round().astype(int)
    device = data.model.bias.device
    tokens, started = 0, 0.0
    data.model.train()
    for number, at in enumerate([chosen[-1], *chosen]):  # the first one allocates, and warms up
        batch = to_device(data.masker.pad(data.train.take(batches[at])), device)
        if number == 1:
            started = time.perf_counter()
        masked_loss(data, batch, head_alone=False).backward()  # type: ignore[no-untyped-call]
        tokens += batch["input_ids"].numel() if number else 0
    if device.type == "cuda":
        torch.cuda.synchronize()
    data.model.zero_grad(set_to_none=True)
    # The optimizer's own part is small beside the passes; PLANNED_SHARE leaves room for it.
    return (time.perf_counter() - started) / tokens
