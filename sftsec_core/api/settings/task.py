"""What `tasks.NAME` of sftsec.yaml may say; every default is here."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from sftsec_core.api.domain.inputs import TEXT_INPUT, InputField, InputKind
from sftsec_core.api.domain.objectives import MACRO_F1, Objective, checked_metric
from sftsec_core.api.settings.canaries import Canaries
from sftsec_core.api.settings.choice import Choice
from sftsec_core.api.settings.connectors import Connectors
from sftsec_core.api.settings.context import PREFIX, SEQUENCE_INPUT, ContextSettings
from sftsec_core.api.settings.context_presets import take_preset
from sftsec_core.api.settings.evaluation import EvaluationSettings
from sftsec_core.api.settings.gpu_needs import GpuNeeds
from sftsec_core.api.settings.labelling import (
    FunctionSettings,
    WeakLabelSettings,
    problem_of_functions,
)
from sftsec_core.api.settings.privacy import PrivacyBudget
from sftsec_core.api.settings.split import SplitSettings
from sftsec_core.api.settings.transforms import Transforms
from sftsec_core.api.settings.unlabelled import SelfTrainingSettings, UnlabelledSettings
from sftsec_core.api.settings.values import Duration, Fraction, Strict, Window
from sftsec_core.api.settings.words import UNDETERMINED, word_key


class VerdictSettings(Strict):
    """How several verdicts on one incident become one label."""

    undetermined: tuple[str, ...] = Field(
        UNDETERMINED,
        description="Verdicts that say nothing; an incident with no other goes to review.",
    )
    automated_weight: Fraction = Field(
        0.5, description="Trust in a label that no person gave, 0 to 1; 0 leaves it out."
    )
    max_share: float | None = Field(
        None,
        gt=0,
        le=1,
        description="Largest part of the weight of a class, 0 to 1, that labels may have which "
        "rest on one analyst alone: what is beyond it loses weight.",
    )


class DedupeSettings(Strict):
    """Removal of exact and near duplicates."""

    enabled: bool = True
    threshold: float = Field(
        0.85, gt=0.5, le=1, description="Jaccard similarity of shingles from which texts are near."
    )
    shingle: int = Field(5, ge=2, le=32, description="Characters a shingle.")


class TrainSettings(Strict):
    """How a model is made; a recipe's own settings stand beside its name."""

    recipe: Choice = Field(
        Choice(name="auto"),
        description="auto, linear, probe, hybrid, contrastive, full, lora, boosted, cascade, ...",
    )
    compare: tuple[Choice, ...] = Field(
        (),
        description="Recipes fitted beside it for the report, besides the baseline; one that "
        "cannot be fitted is left out with a warning.",
    )
    transforms: Transforms = Field(
        (),
        description="Changes of the training part, in this order; dev and test stay as they are.",
    )
    self_training: SelfTrainingSettings | None = Field(
        None,
        description="Learn also from incidents of `unlabelled` that a model of the labelled ones "
        "is sure of, where dev is not against it; `{}` takes the defaults.",
    )
    weak_labels: WeakLabelSettings = WeakLabelSettings()
    launcher: Choice = Field(Choice(name="local"), description="Where it runs.")
    budget: Duration | None = Field(
        timedelta(minutes=10), description="Time for training; auto fits what it allows."
    )
    privacy_budget: PrivacyBudget | None = Field(
        None,
        description="What all trainings together may spend; it takes a recipe with differential "
        "privacy.",
    )
    seed: int = 13
    device: str | None = Field(
        None,
        pattern=r"^(cpu|cuda(:\d+(:\d+)?)?|(GPU|MIG)-[0-9A-Za-z/-]+)$",
        description="cpu; cuda for any GPU, cuda:N or a UUID (GPU-..., MIG-...) for one; default: "
        "a GPU where one is free.",
    )
    needs: GpuNeeds = GpuNeeds()


class GateSettings(Strict):
    """What a model must show before it is promoted."""

    min_labels: int = Field(100, ge=1, description="Training labels a class.")
    on_few_labels: Literal["warn", "refuse"] = "refuse"
    min_recall: Fraction | None = Field(
        None, description="Floor for the recall of the attack side at the threshold."
    )
    max_fpr: Fraction | None = Field(
        None,
        description="Ceiling for the rate of benign test incidents that raise an alert; takes "
        "at least 1 / max_fpr benign incidents in test.",
    )
    min_precision: Fraction | None = Field(
        None, description="Floor for the fraction of alerts in test that are attacks."
    )
    max_alerts_per_day: float | None = Field(
        None,
        gt=0,
        description="Ceiling for alerts a day: the fraction of test incidents that raise one, "
        "times the labelled incidents a day in the time span of test.",
    )
    beat_baseline: bool = Field(
        True, description="Better than the baseline, or equal and no more expensive."
    )
    tolerance: float = Field(
        0.0,
        ge=0,
        description="How far worse than the live model it may be, beyond the interval: a fraction "
        "of macro-F1 or of the metric; minutes an incident of expected_cost.",
    )
    canaries: Canaries = None
    voters: dict[str, dict[str, Any]] = Field(
        default_factory=dict, description="Settings of voters that enabled plugins register."
    )


class TaskSettings(Strict):
    """One question put to a model."""

    connector: Connectors = Field(
        description="A name under `connectors`, or a list of names: incidents come from each."
    )
    push_to: str | None = Field(
        None, description="Where detections go; default: the connector that an incident is from."
    )
    text: tuple[str, ...] = Field(
        (), description="Dotted ECS fields that the model reads as one text, in this order."
    )
    text_fallback: tuple[str, ...] = Field(
        (),
        description="Dotted ECS fields that are read where none of `text` has a value, such as "
        "the platform's own summary.",
    )
    numbers: tuple[str, ...] = Field(
        (), description="Dotted ECS fields that the model reads as numbers."
    )
    categories: tuple[str, ...] = Field(
        (), description="Dotted ECS fields that the model reads as categories."
    )
    images: tuple[str, ...] = Field(
        (),
        description="Dotted fields that hold a picture each; `steps` names one that checks them, "
        "such as `pictures` of the plugin vision.",
    )
    context: ContextSettings | None = Field(
        None,
        description="Figures of the events before an event, as numbers beside its own fields; "
        "`alerts` and `cards` are presets, which `sftsec config check` shows; `{}` takes the "
        "defaults.",
    )
    labels: dict[str, tuple[str, ...]] = Field(
        min_length=2,
        description="Label to the platform's words for it; case, spaces, dashes and underscores "
        "do not matter.",
    )
    benign: str | None = Field(None, description="The label that raises no detection.")
    metric: Annotated[str, AfterValidator(checked_metric)] | None = Field(
        None,
        description="The figure that auto chooses by, full and lora stop by, and the promotion "
        "gate compares by with the baseline and the live model: macro_f1, average_precision, "
        "tpr_at_fpr_RATE such as tpr_at_fpr_0.005, or expected_cost (minutes an incident by the "
        "prices in evaluation.cost). Default: macro_f1 and, in auto's choice, the average "
        "precision of attacks and the recall at the rate of a decider of method fpr beside it.",
    )
    group: str | None = Field(None, description="Field that keeps incidents together in a split.")
    keep: tuple[str, ...] = Field(
        (),
        description="Further fields that a detection carries; default: who and what an event "
        "concerns, where the connector knows its names (Splunk: src, dest, user, ...).",
    )
    window: Window | None = Field(
        None,
        description="How far back to pull, by the events' own times, or `all`; default: what the "
        "connector suggests (90d from a SIEM, all from files).",
    )
    unlabelled: UnlabelledSettings | None = Field(
        None,
        description="A pool of incidents without a verdict, pulled besides; `{}` takes the "
        "defaults.",
    )
    labelling_functions: dict[str, FunctionSettings] = Field(
        default_factory=dict,
        description="Rules by name that vote on incidents of `unlabelled`; what they come to is "
        "learned from with less weight, where dev is not against it.",
    )
    steps: dict[str, dict[str, Any]] = Field(
        {"normalise": {}, "redact": {}},
        description="Steps before the first write to disk, with their settings.",
    )
    render: Choice | None = Field(
        None, description="A renderer of an enabled plugin; default: the text fields, joined."
    )
    explain: Choice | None = Field(
        None, description="An explainer of an enabled plugin: says why in each detection."
    )
    suppress: dict[str, dict[str, Any]] = Field(
        default_factory=dict,
        description="Suppressors of enabled plugins, with their settings.",
    )
    dedupe: DedupeSettings = DedupeSettings()
    verdicts: VerdictSettings = VerdictSettings()
    split: SplitSettings = SplitSettings()
    train: TrainSettings = TrainSettings()
    calibrator: Choice = Field(Choice(name="temperature"), description="Calibrates probabilities.")
    decider: Choice = Field(
        Choice(name="threshold"),
        description="How an incident is dismissed, sent to review or alerted on.",
    )
    evaluation: EvaluationSettings = EvaluationSettings()
    gate: GateSettings = GateSettings()
    recall_sample: float = Field(
        0.0,
        ge=0,
        le=1,
        description="The share of scored incidents without an alert on which `score` requests a "
        "verdict, drawn at random (0.001): `drift check` estimates the live recall from them.",
    )

    @property
    def connectors(self) -> tuple[str, ...]:
        """The names of the connectors that incidents come from, in the order of the list."""
        return (self.connector,) if isinstance(self.connector, str) else self.connector

    def destination(self, source: str) -> str:
        """The name of the connector that detections of a source's incidents go to."""
        return self.push_to or source

    @property
    def destinations(self) -> tuple[str, ...]:
        """The names of all connectors that detections go to."""
        return tuple(dict.fromkeys(map(self.destination, self.connectors)))

    @property
    def inputs(self) -> tuple[InputField, ...]:
        """What the model reads: a text, numbers, categories, images, then what came before it."""
        whole = InputField(TEXT_INPUT, InputKind.TEXT, self.text, self.text_fallback)
        text = (whole,) if self.text else ()
        numbers = (InputField(name, InputKind.NUMBER, (name,)) for name in self.numbers)
        categories = (InputField(name, InputKind.CATEGORY, (name,)) for name in self.categories)
        images = (InputField(name, InputKind.IMAGE, (name,)) for name in self.images)
        names = self.context.inputs if self.context else ()
        kinds = {SEQUENCE_INPUT: InputKind.SEQUENCE}
        figures = (InputField(name, kinds.get(name, InputKind.NUMBER), ()) for name in names)
        return (*text, *numbers, *categories, *images, *figures)

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields of an incident that the task uses; no other is kept."""
        group = (self.group,) if self.group else ()
        context = self.context.fields if self.context else ()
        voted = (name for each in self.labelling_functions.values() for name in each.reads)
        read = (*self.read_fields, *self.text_fallback, *context, *voted)
        return tuple(dict.fromkeys((*read, *self.keep, *group, *self.evaluation.groups)))

    @property
    def read_fields(self) -> tuple[str, ...]:
        """The fields that the model reads; some incident has each."""
        return (*self.text, *self.numbers, *self.categories, *self.images)

    @property
    def objective(self) -> Objective:
        """What its models are chosen and compared by."""
        decider = self.decider.options() if self.decider.name == "threshold" else {}
        target = decider.get("target") if decider.get("method") == "fpr" else None
        rate = target if isinstance(target, float) and 0 < target < 1 else None
        return Objective(self.metric, rate, **self.evaluation.cost.model_dump())

    @field_validator(
        "context",
        mode="before",
        json_schema_input_type=ContextSettings | Literal["alerts", "cards"] | None,
    )
    @classmethod
    def _take_a_preset(cls, value: object) -> object:
        return take_preset(value)

    @model_validator(mode="after")
    def _inputs_make_sense(self) -> TaskSettings:
        read = self.read_fields
        if not read:
            raise ValueError("name at least one field in text, numbers, categories or images")
        if self.text_fallback and not self.text:
            raise ValueError("text_fallback is read in place of `text`: name fields in text")
        read += self.text_fallback
        twice = next((name for name in read if read.count(name) > 1), None)
        if twice is not None:
            lists = "text, text_fallback, numbers, categories and images"
            raise ValueError(f"{twice!r} is listed twice in {lists}")
        if self.text and TEXT_INPUT in (*self.numbers, *self.categories, *self.images):
            raise ValueError(f"{TEXT_INPUT!r} names the joined text: list that field under `text`")
        return self

    @model_validator(mode="after")
    def _context_makes_sense(self) -> TaskSettings:
        if self.context is None:
            return self
        own = next((name for name in self.fields if name.startswith(PREFIX)), None)
        if own is not None:
            raise ValueError(f"{own!r}: names that begin with {PREFIX!r} are the task's context")
        if self.context.delay is not None and self.benign is None:
            raise ValueError("context: `verdicts` counts attacks: name the `benign` label")
        if self.context.sequence and not self.text:
            raise ValueError("context: a `sequence` is read behind the text: name fields in text")
        return self

    @model_validator(mode="after")
    def _recall_has_a_meaning(self) -> TaskSettings:
        if self.recall_sample and self.benign is None:
            raise ValueError("recall_sample: recall is of attacks: name the `benign` label")
        return self

    @model_validator(mode="after")
    def _pool_makes_sense(self) -> TaskSettings:
        for key, chosen in (
            ("train.self_training", self.train.self_training is not None),
            ("labelling_functions", bool(self.labelling_functions)),
        ):
            if chosen and not (self.unlabelled and self.text):
                raise ValueError(
                    f"{key}: texts of unlabelled incidents are labelled: set `unlabelled` "
                    "(`{}` takes the defaults), and name fields in `text`"
                )
        if problem := problem_of_functions(self.labelling_functions, self.labels):
            raise ValueError(problem)
        return self

    @model_validator(mode="after")
    def _labels_make_sense(self) -> TaskSettings:
        if self.benign is not None and self.benign not in self.labels:
            raise ValueError(f"benign {self.benign!r} is not one of {sorted(self.labels)}")
        if self.benign is None and self.metric not in {None, MACRO_F1}:
            raise ValueError(f"metric {self.metric} ranks attacks above benign: name `benign` too")
        seen: dict[str, str] = {}
        for label, words in self.labels.items():
            for word in words:
                other = seen.setdefault(word_key(word), label)
                if other != label:
                    raise ValueError(f"the word {word!r} stands for both {other!r} and {label!r}")
        return self
