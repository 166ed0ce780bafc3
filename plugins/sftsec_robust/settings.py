"""Settings of the plugin's audit, voter, step and transform."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from sftsec_core.api import Strict, TextKind


class DisguiseSettings(Strict):
    """What `evaluation.audits.disguise` may say."""

    rows: int = Field(100, ge=1, le=10_000, description="Detected attacks of test, at most.")
    queries: int = Field(50, ge=1, le=5000, description="Questions to the model a row, at most.")
    draws: int = Field(3, ge=1, le=50, description="Rewritings a row by each attack alone.")
    kind: TextKind | Literal["auto"] = Field(
        "auto", description="How the text is interpreted; auto guesses it for each row."
    )
    benign: int = Field(
        500, ge=0, le=100_000, description="Benign texts of train that the attacker knows."
    )
    max_drop: float = Field(
        0.15, ge=0, le=1, description="Share of the recall that may be lost without a warning."
    )
    seed: int = Field(13, description="Of the rows and of all draws.")


class MaxRobustDropSettings(Strict):
    """What `gate.voters.max_robust_drop` may say."""

    drop: float | None = Field(
        None,
        ge=0,
        le=1,
        description="Share of the clean recall that the search may cost, at most; it takes the "
        "audit `disguise`. Default: a loss above the audit's max_drop is a warning.",
    )


class CanonicalSettings(Strict):
    """What `steps.canonical` may say."""

    characters: bool = Field(
        True, description="Look-alikes to Latin letters (UTS 39), no invisible ones, no accents."
    )
    escapes: bool = Field(True, description="%XX, \\xXX, \\uXXXX and HTML entities decoded.")
    urls: bool = Field(
        True, description="URLs without default port, fragment, dot segments; host in lower case."
    )
    commands: bool = Field(
        True, description="Comments and quotes, carets, back-ticks and sums within words dropped."
    )
    letters: bool = Field(True, description="Letters that stand apart joined to words.")
    leet: bool = Field(True, description="Digits and signs within words as letters.")
    case: bool = Field(True, description="Lower case.")


class AdversarialSettings(Strict):
    """What `{name: adversarial, ...}` under `train.transforms` may say."""

    copies: int = Field(2, ge=1, le=8, description="Disguised copies a row, at most.")
    chain: int = Field(2, ge=1, le=8, description="Attacks on one copy, at most.")
    canonical: CanonicalSettings | None = Field(
        CanonicalSettings(),
        description="Settings of the task's step `canonical`, which copies are written by; null "
        "where the task has none.",
    )


class HardenedSettings(Strict):
    """What `train.recipe: {name: hardened, ...}` may say."""

    copies: int = Field(2, ge=0, le=8, description="Disguised copies a training row, at most.")
    chain: int = Field(2, ge=1, le=8, description="Attacks on one copy, at most.")
    windows: tuple[int, ...] | None = Field(
        None,
        min_length=1,
        max_length=4,
        description="Characters of a window, ascending; several cut windows of each. Default: "
        "24 and 48 where most attacks are URLs, 80 where they are prose, else 48 and 144.",
    )
    rounds: int = Field(
        1, ge=0, le=10, description="Fits on the most suspicious window of each attack."
    )
    adversarial_rounds: int = Field(
        0,
        ge=0,
        le=10,
        description="Trainings after a search for disguises that the last one misses.",
    )
    adversarial_rows: int = Field(
        300, ge=1, le=10_000, description="Attacks of train that a round searches from, at most."
    )
    adversarial_queries: int = Field(
        20, ge=1, le=500, description="Questions of that search for each attack, at most."
    )
    c: float = Field(10.0, gt=0, description="Inverse strength of the regularisation.")
    max_windows: int = Field(64, ge=1, description="Windows of a training text, at most.")
    max_chars: int = Field(100_000, ge=100, description="Characters read of a text, at most.")
    canonical: CanonicalSettings = CanonicalSettings()

    @field_validator("windows")
    @classmethod
    def _ascending(cls, value: tuple[int, ...] | None) -> tuple[int, ...] | None:
        if value is not None and (list(value) != sorted(set(value)) or value[0] < 8):
            raise ValueError("windows: at least 8 characters each, ascending")
        return value
