"""What a private training trains on, and what it spends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sftsec_core.api.domain import PrivacySpend
from sftsec_core.api.errors import TrainingError
from sftsec_core.sdk.privacy_accounting import noise_for, one_a_cluster

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sftsec_core.api.domain import Example
    from sftsec_core.recipes.config import FineTuneConfig
    from sftsec_core.recipes.privacy_config import PrivateSettings


def privacy_of(config: FineTuneConfig, train: Sequence[Example]) -> PrivacySpend | None:
    """What `full` or `lora` spends on these examples; None without `privacy`.

    Raises:
        TrainingError: when no noise keeps the epsilon.
        PluginError: when Opacus is not installed.
    """
    if config.privacy is None:
        return None
    return planned_spend(config.privacy, len(one_a_cluster(train)))


def planned_spend(settings: PrivateSettings, rows: int) -> PrivacySpend:
    """The noise, the sample rate and the steps that keep the epsilon for so many rows.

    Raises:
        TrainingError: when no noise keeps it.
    """
    delta = settings.delta_of(rows)
    noise = noise_for(settings.epsilon, delta, settings.sample_rate, settings.steps)
    if noise is None:
        raise TrainingError(
            f"no noise keeps epsilon {settings.epsilon:g} in {settings.steps:,} steps that draw "
            f"{settings.sample_rate:.0%} of the rows: lower privacy.steps or privacy.sample_rate"
        )
    return PrivacySpend(noise, settings.sample_rate, settings.steps)
