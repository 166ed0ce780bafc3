"""The settings of the built-in recipes: what may stand beside a recipe's name; every default.

    train: {recipe: {name: lora, rank: 8, epochs: 2}}

Importing this is light: the recipes themselves are imported when they are used.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from sftsec_core.api.settings.values import Fraction, Strict
from sftsec_core.recipes.privacy_config import PrivateSettings
from sftsec_core.recipes.views import VIEWS

# What prints the digest that `encoder.sha256` asks for.
DIGEST_COMMAND = (
    r"cd FOLDER && find . -type f -not -path '*/.*' -not -iname '*.md' "
    r"-not -path ./manifest.txt -not -path ./model.sig -printf '%P\n' "
    r"| LC_ALL=C sort | xargs -d '\n' sha256sum | sha256sum"
)


class ReadingSettings(Strict):
    """What a network reads of a text, and what it computes in."""

    max_length: int = Field(128, ge=8, le=8192, description="Tokens of a window of the text.")
    overlap: int = Field(
        16,
        ge=0,
        description="Tokens that a window shares with the one before; at most half of one.",
    )
    max_windows: int = Field(
        8,
        ge=1,
        le=256,
        description="Windows read of a text. Of one with more the first, the last and those that a "
        "linear model finds most telling; what is in none is cut, and counted. 1: the beginning.",
    )
    max_chars: int = Field(
        100_000,
        ge=1,
        le=1_000_000,
        description="Characters that windows are made of; of a longer text its beginning and end.",
    )
    pooling: Literal["auto", "mean", "max", "attention"] = Field(
        "auto",
        description="How the vectors of a text's windows become one. attention: a mean by the odds "
        "that a linear model gives each window of being an attack's; full and lora learn more. "
        "auto: theirs is attention; probe and hybrid choose on dev.",
    )

    view: Literal["auto", "plain", "decoded", "split", "shapes"] = Field(
        "plain",
        description="How it is shown a text. decoded: percent, \\x, \\u and HTML escapes decoded, "
        "once. split: words parted at separators, digits and changes of case, too. shapes: long "
        "numbers, hashes, GUIDs and random words as num8, hex32, guid, blob64. auto: the best of a "
        "probe on dev. N-grams read the plain text.",
    )
    precision: Literal["auto", "fp32", "bf16"] = Field(
        "auto",
        description="What training and scoring compute in; trained weights stay float32. auto: "
        "bf16 where the GPU or the processor multiplies it in hardware and, on a processor, the "
        "encoder reads packed texts; else fp32, which is what gives much the same model on any.",
    )


class EncoderSettings(ReadingSettings):
    """Which pretrained encoder is read, and what it reads of a text."""

    path: str = Field(
        "minilm",
        description='"minilm" (packaged), a local folder (relative to sftsec.yaml), such as '
        "`sftsec adapt` makes, or hub:OWNER/NAME.",
    )
    sha256: str | None = Field(
        None,
        pattern="^[0-9a-f]{64}$",
        description="SHA-256 of the list that sha256sum prints of all its files, sorted by name, "
        "but hidden ones, Markdown, manifest.txt and model.sig; required for anything but the "
        "packaged encoder.",
    )

    @model_validator(mode="after")
    def _require_a_digest(self) -> EncoderSettings:
        if self.path != "minilm" and self.sha256 is None:
            raise ValueError(
                f"sha256 is required for an encoder that is not the packaged one ({DIGEST_COMMAND})"
            )
        return self


class LinearConfig(Strict):
    """Settings of a logistic regression head."""

    regularization: float = Field(10.0, gt=0, description="C of the logistic regression.")
    class_weights: Literal["none", "balanced"] = "balanced"
    max_chars: int = Field(
        100_000,
        ge=1,
        le=1_000_000,
        description="Characters that n-grams are read of; what follows is cut, and counted.",
    )
    min_incidents: int = Field(
        2,
        ge=1,
        description="Incidents that an n-gram has to stand in, near-duplicates counted once: what "
        "stands in fewer is not in the model. 1 keeps all.",
    )


class VectorsConfig(LinearConfig):
    """Settings of a head that reads an encoder's vectors."""

    encoder: EncoderSettings = EncoderSettings()
    vector_weight: float = Field(
        1.0, gt=0, description="Weight of the vectors in the head; the n-grams' is 1."
    )


class HybridConfig(VectorsConfig):
    """Settings of `probe` and `hybrid`: a head on the vectors of a frozen encoder, or of two."""

    second_encoder: EncoderSettings | None = Field(
        None,
        description="Another frozen encoder, whose vectors stand beside the first's, each of the "
        "same length. `auto` drops it where dev does not show that it helps.",
    )

    @model_validator(mode="after")
    def _require_another_encoder(self) -> HybridConfig:
        second = self.second_encoder
        if second is not None and second == self.encoder:
            raise ValueError("second_encoder is the same as encoder: name another one")
        if second is not None and second.view == "auto":
            raise ValueError(f"second_encoder.view is one of {', '.join(VIEWS)}: auto is encoder's")
        return self


class ContrastiveConfig(VectorsConfig):
    """Settings of `contrastive`: the encoder is tuned for some steps before the head is fitted.

    It is tuned on the first window of each text; `encoder.pooling: auto` is mean.
    """

    steps: int = Field(20, ge=1, le=10_000, description="Steps of tuning, whatever the labels.")
    batch_size: int = Field(32, ge=4, le=1024, description="Texts a step, as many of each class.")
    learning_rate: float = Field(1e-4, gt=0)
    temperature: float = Field(
        0.1, gt=0, description="Of the contrastive loss: smaller looks at the nearest texts."
    )
    frozen: float = Field(
        0.67, ge=0, lt=1, description="Fraction of the layers, from below, that stays as it is."
    )
    dropout: float = Field(0.1, ge=0, lt=1)
    vector_weight: float = Field(
        2.0, gt=0, description="Weight of the vectors in the head; the n-grams' is 1."
    )


class TrainingConfig(Strict):
    """What all recipes that train an encoder can be set to."""

    encoder: ReadingSettings = ReadingSettings()
    class_weights: Literal["none", "inverse", "sqrt_inverse"] = "sqrt_inverse"
    loss: Literal["cross_entropy", "focal", "class_balanced", "ldam"] = Field(
        "cross_entropy",
        description="focal: less of what is right already; class_balanced: weights by effective "
        "numbers; ldam: margins by rarity. The last two set class_weights aside.",
    )
    batches: Literal["shuffled", "balanced"] = Field(
        "shuffled",
        description="balanced: as many examples of each class in a batch, those of rare classes "
        "several times an epoch; sets class weights aside, and ldam keeps its margins.",
    )
    focal_gamma: float = Field(2.0, ge=0, le=10, description="Of the focal loss; 0: no focus.")
    label_smoothing: float = Field(
        0.0, ge=0, lt=1, description="Probability that a target gives to all classes alike."
    )
    epochs: float = Field(4, gt=0)
    learning_rate: float = Field(1e-4, gt=0)
    batch_size: int = Field(32, ge=1, description="Examples a step; on a GPU at least.")
    train_windows: int = Field(
        4,
        ge=1,
        le=256,
        description="Windows of a text that a training step reads, at most; scoring reads "
        "encoder.max_windows.",
    )
    batch_tokens: int | Literal["auto"] = Field(
        "auto",
        description="Tokens a step on a GPU, about; the learning rate grows with the root of "
        "the rows. auto: what memory holds, in at least 400 steps a run.",
    )
    dropout: float = Field(0.1, ge=0, lt=1)
    weight_decay: float = Field(0.01, ge=0)
    warmup: Fraction = Field(0.1, description="Fraction of the steps that warm up.")
    max_grad_norm: float = Field(1.0, gt=0)
    patience: int = Field(
        2, ge=0, description="Evaluations without gain before it stops; 0: never."
    )
    dev_rows: int = Field(
        4000,
        ge=50,
        description="Rows of dev, at most, that an evaluation scores: a sample with dev's classes.",
    )


class FineTuneConfig(TrainingConfig):
    """Settings of `full`: the whole encoder is fine-tuned."""

    encoder: EncoderSettings = EncoderSettings()
    privacy: PrivateSettings | None = Field(
        None,
        description="Train with differential privacy; `{}` takes the defaults. Of the other "
        "settings only encoder counts then, and rank.",
    )


class LoraTuneConfig(FineTuneConfig):
    """Settings of `lora`: low-rank adapters are fine-tuned."""

    rank: int = Field(16, ge=1)


class ByteReading(ReadingSettings):
    """What `bytes` reads of a text: UTF-8 bytes are its tokens."""

    max_length: int = Field(512, ge=8, le=8192, description="Bytes of a window of the text.")
    overlap: int = Field(
        32, ge=0, description="Bytes that a window shares with the one before; at most half of one."
    )
    view: Literal["plain", "decoded", "split", "shapes"] = Field(
        "plain", description="How it is shown a text, as an encoder is."
    )


class BytesConfig(TrainingConfig):
    """Settings of `bytes`: a small network over UTF-8 bytes, trained from scratch."""

    encoder: ByteReading = ByteReading()
    width: int = Field(128, ge=16, le=1024, multiple_of=16, description="Of a byte's vector.")
    layers: int = Field(2, ge=1, le=24, description="Layers with attention.")
    epochs: float = Field(8, gt=0)
    learning_rate: float = Field(1e-3, gt=0)
    batch_size: int = Field(64, ge=1, description="Examples a step.")


class BoostedConfig(Strict):
    """Settings of `boosted`: gradient-boosted trees on numbers and categories."""

    rounds: int = Field(300, ge=1, le=10_000, description="Trees a class, at most.")
    learning_rate: float = Field(0.05, gt=0, le=1)
    leaves: int = Field(31, ge=2, le=1024, description="Leaves a tree, at most.")
    min_rows: int = Field(20, ge=1, description="Training rows a leaf, at least.")
    one_hot: int = Field(
        8, ge=1, description="Categories with at most this many names split one name at a time."
    )
    max_names: int = Field(
        10_000, ge=1, description="Names kept a category, the most frequent; others are one."
    )
    class_weights: Literal["none", "inverse", "sqrt_inverse"] = "sqrt_inverse"
    patience: int = Field(
        50, ge=0, description="Rounds without gain on dev before it stops; 0: never."
    )
    threads: int = Field(4, ge=1, le=64, description="Threads, at most; the result is the same.")


class LabelErrorsConfig(Strict):
    """Settings of the transform `label_errors`."""

    model: Literal["linear", "hybrid"] = Field(
        "linear",
        description="What judges labels: n-grams, or with an encoder's vectors too, which finds "
        "more and takes minutes for some thousand rows.",
    )
    weight: Fraction = Field(
        0.0, description="Factor on the weight of a row that looks mislabelled; 0: unused."
    )
    review: bool = Field(
        False,
        description="List what looks mislabelled in `sftsec labels review`, until there is a new "
        "verdict on it; with weight 1 nothing else is done.",
    )
    folds: int = Field(5, ge=2, le=20, description="A row is judged by models of the others.")
    rounds: int = Field(
        12,
        ge=1,
        le=50,
        description="At most; after the first, models are fitted without suspected rows, until "
        "the suspects stay the same.",
    )
    max_chars: int = Field(
        10_000, ge=1, le=1_000_000, description="Characters that n-grams are read of."
    )
    encoder: EncoderSettings = EncoderSettings()


def refuse_privacy(*members: FineTuneConfig) -> None:
    """Refuse a private member: what chooses between models is private of none.

    Raises:
        ValueError: when one is.
    """
    if any(each.privacy is not None for each in members):
        raise ValueError("privacy is of the recipe full or lora alone: choose that recipe")


class AutoConfig(Strict):
    """Settings of `auto`: those of the recipes that it tries."""

    encoder: EncoderSettings | None = Field(
        None, description="The encoder of all its recipes; default: each recipe's own."
    )
    dev_rows: int = Field(
        4000,
        ge=50,
        description="Rows of dev, at most, that it chooses on: a sample with dev's classes.",
    )
    settings_tried: int = Field(
        8,
        ge=0,
        le=1000,
        description="Settings that are searched of each of linear, hybrid and boosted beside those "
        "given, in a tenth of the time that is left each, and of bytes, full or lora in three "
        "tenths; a setting that is given is kept.",
    )
    linear: LinearConfig = LinearConfig()
    hybrid: HybridConfig = HybridConfig()
    contrastive: ContrastiveConfig = ContrastiveConfig()
    full: FineTuneConfig = FineTuneConfig()
    lora: LoraTuneConfig = LoraTuneConfig()
    bytes: BytesConfig = BytesConfig()
    boosted: BoostedConfig = BoostedConfig()

    @model_validator(mode="after")
    def _refuse_privacy(self) -> AutoConfig:
        refuse_privacy(self.full, self.lora)
        return self


class CascadeConfig(Strict):
    """Settings of `cascade`: those of its two models, and what it may cost."""

    then: Literal["full", "lora", "hybrid"] = Field(
        "full", description="The recipe of the model that is asked where linear is unsure."
    )
    max_loss: float = Field(
        0.002,
        ge=0,
        le=0.1,
        description="Of macro-F1, average precision and the TPR at 1% false positives, what the "
        "cascade may lose against that model (0.002: 0.2 points); half of it on dev.",
    )
    encoder: EncoderSettings | None = Field(
        None, description="The encoder of the second model; default: its recipe's own."
    )
    linear: LinearConfig = LinearConfig()
    hybrid: HybridConfig = HybridConfig()
    full: FineTuneConfig = FineTuneConfig()
    lora: LoraTuneConfig = LoraTuneConfig()

    @model_validator(mode="after")
    def _refuse_privacy(self) -> CascadeConfig:
        refuse_privacy(self.full, self.lora)
        return self
