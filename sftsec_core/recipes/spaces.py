"""The settings of recipes that `auto` searches, and the ranges that they are drawn from.

A name with a dot is a setting within a setting. One that the task sets itself is not searched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import BaseModel

_HEAD: dict[str, Any] = {
    "regularization": lambda trial, name: trial.suggest_float(name, 0.3, 1000.0, log=True),
    "class_weights": lambda trial, name: trial.suggest_categorical(name, ["balanced", "none"]),
}
_FINE_TUNING: dict[str, Any] = {
    "learning_rate": lambda trial, name: trial.suggest_float(name, 3e-5, 5e-4, log=True),
    "epochs": lambda trial, name: trial.suggest_float(name, 2.0, 8.0, step=1.0),
    "encoder.pooling": lambda trial, name: trial.suggest_categorical(name, ["auto", "mean", "max"]),
    "encoder.view": lambda trial, name: trial.suggest_categorical(
        name, ["plain", "decoded", "split", "shapes"]
    ),
}
SPACES: dict[str, dict[str, Any]] = {
    "linear": _HEAD,
    "hybrid": {
        **_HEAD,
        "vector_weight": lambda trial, name: trial.suggest_float(name, 0.5, 4.0, log=True),
    },
    "boosted": {
        "learning_rate": lambda trial, name: trial.suggest_float(name, 0.02, 0.2, log=True),
        "leaves": lambda trial, name: trial.suggest_int(name, 7, 127, log=True),
        "min_rows": lambda trial, name: trial.suggest_int(name, 5, 100, log=True),
    },
    "full": _FINE_TUNING,
    "lora": _FINE_TUNING,
    "bytes": {
        "learning_rate": lambda trial, name: trial.suggest_float(name, 3e-4, 3e-3, log=True),
        "epochs": lambda trial, name: trial.suggest_float(name, 5.0, 20.0, step=1.0),
        "dropout": lambda trial, name: trial.suggest_float(name, 0.0, 0.3, step=0.1),
    },
}


def searched(recipe: str, config: BaseModel) -> tuple[str, ...]:
    """The settings of a recipe that are searched: those that the task does not set itself."""
    return tuple(name for name in SPACES.get(recipe, {}) if not _is_set(config, name))


def given_values(recipe: str, config: BaseModel) -> dict[str, Any]:
    """What the searched settings of a recipe are before the search."""
    return {name: _value(config, name) for name in searched(recipe, config)}


def propose(recipe: str, config: BaseModel, trial: Any) -> tuple[dict[str, Any], Any]:  # noqa: ANN401 - optuna's, and a config_model
    """Draw settings of a recipe.

    Args:
        recipe: its name.
        config: where the search starts.
        trial: Optuna's.

    Returns:
        The values by name, and the config with them.
    """
    values = {name: SPACES[recipe][name](trial, name) for name in searched(recipe, config)}
    for name, value in values.items():
        config = _changed(config, name, value)
    return values, config


def _is_set(config: BaseModel, name: str) -> bool:
    """Whether the task sets it; an `encoder.view` that it leaves to auto is searched."""
    first, _, rest = name.partition(".")
    if first not in config.model_fields_set:
        return False
    return not rest or _is_set(getattr(config, first), rest)


def _value(config: Any, name: str) -> Any:  # noqa: ANN401 - of any setting
    first, _, rest = name.partition(".")
    return _value(getattr(config, first), rest) if rest else getattr(config, first)


def _changed(config: Any, name: str, value: Any) -> Any:  # noqa: ANN401 - of any setting
    first, _, rest = name.partition(".")
    own = _changed(getattr(config, first), rest, value) if rest else value
    return config.model_copy(update={first: own})
