"""The JSON Schema of sftsec.yaml, with the keys of what enabled plugins register.

JSON Schema 2020-12, as pydantic writes it.
"""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from sftsec_core.api.contracts import (
    AuditSpec,
    CalibratorSpec,
    ConnectorSpec,
    DeciderSpec,
    ExplainerSpec,
    LauncherSpec,
    MetricSpec,
    RecipeSpec,
    RendererSpec,
    StepSpec,
    SuppressorSpec,
    VoterSpec,
)
from sftsec_core.config.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sftsec_core.api.contracts import Spec
    from sftsec_core.plugins import Plugins

# Where a task names one thing, with its settings beside the name.
_CHOSEN: dict[tuple[str, str], type[Spec[Any]]] = {
    ("TrainSettings", "recipe"): RecipeSpec,
    ("TrainSettings", "launcher"): LauncherSpec,
    ("TaskSettings", "calibrator"): CalibratorSpec,
    ("TaskSettings", "decider"): DeciderSpec,
    ("TaskSettings", "render"): RendererSpec,
    ("TaskSettings", "explain"): ExplainerSpec,
}
# Where it lists things, each name with its settings.
_LISTED: dict[tuple[str, str], type[Spec[Any]]] = {
    ("TaskSettings", "steps"): StepSpec,
    ("TaskSettings", "suppress"): SuppressorSpec,
    ("EvaluationSettings", "metrics"): MetricSpec,
    ("EvaluationSettings", "audits"): AuditSpec,
    ("GateSettings", "voters"): VoterSpec,
}
_Json = dict[str, Any]


def config_schema(plugins: Plugins) -> _Json:
    """The schema of a configuration that enables these plugins."""
    kinds: list[type[Spec[Any]]] = [ConnectorSpec, *_CHOSEN.values(), *_LISTED.values()]
    known = {kind: plugins.specs(kind) for kind in kinds}
    models: set[type[BaseModel]] = {
        spec.config_model for specs in known.values() for spec in specs.values()
    }
    ordered: list[type[BaseModel]] = [Settings, *sorted(models, key=_full_name)]
    refs, body = models_json_schema([(model, "validation") for model in ordered])
    defs: _Json = body["$defs"]

    def settings_of(spec: Spec[Any]) -> _Json:
        name = refs[spec.config_model, "validation"]["$ref"].removeprefix("#/$defs/")
        found: _Json = deepcopy(defs[name])
        return found | {"description": spec.summary}

    defs["ConnectorSettings"] = {
        "anyOf": [
            _named(name, settings_of(spec), "type") for name, spec in known[ConnectorSpec].items()
        ]
    }
    for (model, key), kind in _CHOSEN.items():
        _put(defs[model], key, _choice(known[kind], settings_of))
    compared = _choice(known[RecipeSpec], settings_of)
    _put(defs["TrainSettings"], "compare", {"type": "array", "items": compared})
    for (model, key), kind in _LISTED.items():
        listed = {name: settings_of(spec) for name, spec in known[kind].items()}
        shape: _Json = {"type": "object", "properties": listed, "additionalProperties": False}
        if kind is AuditSpec:
            shape = {"anyOf": [shape, {"type": "array", "items": _listable(shape, listed)}]}
        _put(defs[model], key, shape)
    root: _Json = defs.pop(refs[Settings, "validation"]["$ref"].removeprefix("#/$defs/"))
    return {**root, "$defs": defs}


def _full_name(model: type[BaseModel]) -> str:
    return f"{model.__module__}.{model.__qualname__}"


def _listable(shape: _Json, names: Mapping[str, _Json]) -> _Json:
    """An item of a list of names: a bare name, or one name with its settings."""
    return {"anyOf": [{"enum": sorted(names)}, {**shape, "minProperties": 1, "maxProperties": 1}]}


def _choice(specs: Mapping[str, Spec[Any]], settings_of: Any) -> _Json:  # noqa: ANN401 - a function
    """A bare name, or a name with settings beside it."""
    named = [_named(name, settings_of(spec), "name") for name, spec in specs.items()]
    return {"anyOf": [{"enum": sorted(specs)}, *named]}


def _named(name: str, settings: _Json, key: str) -> _Json:
    """A thing's settings with its name among them."""
    properties = {key: {"const": name}, **settings.get("properties", {})}
    required = [key, *settings.get("required", [])]
    return {**settings, "title": name, "properties": properties, "required": required}


def _put(model: _Json, key: str, shape: _Json) -> None:
    """Give a key another shape; what is said of it, and whether it may be null, stays."""
    before = model["properties"][key]
    may_be_null = {"type": "null"} in before.get("anyOf", [])
    kept = {name: before[name] for name in ("default", "description", "title") if name in before}
    whole = {"anyOf": [shape, {"type": "null"}]} if may_be_null else shape
    model["properties"][key] = whole | kept
