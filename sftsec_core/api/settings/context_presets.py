"""Ready-made `context` of a task: `context: alerts` is the settings that were measured to work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sftsec_core.api.errors import unknown

PRESETS: Mapping[str, Mapping[str, Any]] = {
    # What tells an attack among alerts: how new, how frequent and in what company a rule fires on
    # a host. No clock: the hours of a few attacks are learnt by heart, and are others' elsewhere.
    "alerts": {
        "keys": ["rule.name", "host.name", ["rule.name", "host.name"]],
        "windows": ["1h", "24h"],
        "figures": [
            "count",
            {"distinct": {"of": "rule.name"}},
            "since_first",
            "since_last",
        ],
        "within": "organization.name",
        "clock": [],
    },
    # What the Fraud Detection Handbook (Le Borgne et al. 2022) computes of a payment: how a card is
    # used, and how many of a terminal's payments were fraud, as far as that is known after a week;
    # and how unusual the amount is for the card.
    "cards": {
        "keys": ["user.id", "terminal.id"],
        "windows": ["1d", "7d", "30d"],
        "figures": [
            "count",
            {"mean": {"of": "transaction.amount"}},
            {"deviation": {"of": "transaction.amount"}},
            {"verdicts": {"delay": "7d"}},
        ],
    },
}


def take_preset(value: object) -> object:
    """The settings that a preset's name stands for; anything else as it is.

    Raises:
        ValueError: when there is no such preset.
    """
    if not isinstance(value, str):
        return value
    if value not in PRESETS:
        raise ValueError(unknown("context", value, PRESETS))
    return PRESETS[value]
