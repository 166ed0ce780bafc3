"""What an adapted encoder is: its folder, where it comes from, and what its training showed.

    encoders/<digest>/      a folder as transformers saves one: weights, configuration, tokenizer
        adaptation.json     parent, texts, settings, figures
        manifest.txt        the digests of all other files; its own digest names the folder
        model.sig           a signature, where models are signed

The digest is the one that `encoder.sha256` of the configuration is.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self

from pydantic import Field

from sftsec_core.api.settings.values import Fraction, Strict
from sftsec_core.models.model_format import read_json, write_json
from sftsec_core.recipes.config import EncoderSettings

if TYPE_CHECKING:
    from pathlib import Path

FACTS = "adaptation.json"
FORMAT = 1
NAME = "adapt"  # where a recipe has its own


class AdaptationSettings(Strict):
    """How an encoder is trained on a site's texts."""

    encoder: EncoderSettings = EncoderSettings()
    snapshot: str = Field("", description="The digest of the data set that the texts are of.")
    pool: str = Field("", description="The digest of the pool that others are of; none without.")
    epochs: float = Field(10, gt=0, description="Passes over the texts, at most.")
    learning_rate: float = Field(1e-4, gt=0)
    head_rate: float = Field(1e-3, gt=0, description="Learning rate of the fresh head.")
    batch_size: int = Field(32, ge=1, description="Windows a step.")
    head_share: Fraction = Field(
        0.25, description="Fraction of the steps that train the head alone, on the parent."
    )
    evaluations: int = Field(4, ge=2, description="Times that dev's words are told.")
    weight_decay: float = Field(0.01, ge=0)
    warmup: Fraction = Field(0.1, description="Fraction of the encoder's steps that warm up.")
    max_grad_norm: float = Field(1.0, gt=0)
    dev_rows: int = Field(500, ge=1, description="Texts of dev that are read, at most.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Adaptation:
    """What made an adapted encoder.

    Attributes:
        task: whose texts it was trained on.
        parent: the path of the encoder that it was made from, as the configuration has it.
        parent_sha256: the digest over all files of that one.
        settings: `AdaptationSettings` without the encoder, as JSON values.
        seed: of its chance.
        texts: different ones that were trained on.
        windows: of theirs that were trained on.
        cut_windows: of theirs that were not, since only so many of a text are read.
        steps: of the training that was done.
        best_step: whose weights these are.
        dev_tokens: masked tokens of dev, the same before and after.
        perplexity_before: of those under the parent, whose head was trained for `head_steps`.
        perplexity_after: of those under this encoder.
        head_steps: steps that trained the head alone.
    """

    task: str
    parent: str
    parent_sha256: str
    settings: dict[str, Any]
    seed: int
    texts: int
    windows: int
    cut_windows: int
    steps: int
    best_step: int
    head_steps: int
    dev_tokens: int
    perplexity_before: float
    perplexity_after: float

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {"format": FORMAT, **asdict(self)}

    def save(self, folder: Path) -> None:
        """Write it beside the encoder's files."""
        write_json(folder / FACTS, self.to_json())

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote.

        Raises:
            IntegrityError: when it is missing or holds something else.
        """
        values = read_json(folder / FACTS)
        names = cls.__dataclass_fields__
        return cls(**{name: values[name] for name in names})


@dataclass(frozen=True, slots=True, kw_only=True)
class AdaptationForecast:
    """What an adaptation would read, and how long it would take.

    Attributes:
        parent: the path of the encoder, as the configuration has it.
        parent_sha256: the digest over all its files.
        texts: different ones that would be trained on.
        windows: of theirs.
        tokens: of these, the parent's own marks at their ends included.
        cut_windows: of theirs that would not be read, since only so many of a text are.
        dev_windows: windows of dev whose words are told.
        device: what the speed was measured on: "cpu" or "cuda".
        steps: as many as the budget holds; 0 where it holds too few.
        passes: over the texts.
        seconds: all of it but the probes.
        least_budget_s: the shortest budget that is not refused, in seconds.
    """

    parent: str
    parent_sha256: str
    texts: int
    windows: int
    tokens: int
    cut_windows: int
    dev_windows: int
    device: str
    steps: int
    passes: float
    seconds: float
    least_budget_s: int
