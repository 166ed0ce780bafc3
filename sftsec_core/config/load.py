"""How sftsec.yaml is found, read and checked; every complaint names file, line and path."""

from __future__ import annotations

import typing
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from sftsec_core.api.errors import ConfigError, unknown
from sftsec_core.api.settings.paths import BASE
from sftsec_core.config.settings import Settings

FILE_NAME = "sftsec.yaml"
ModelT = TypeVar("ModelT", bound=BaseModel)


def find_config(start: Path) -> Path:
    """Look for sftsec.yaml in a folder and those above it.

    Raises:
        ConfigError: when there is none; says how to get one.
    """
    for folder in (start, *start.parents):
        if (folder / FILE_NAME).is_file():
            return folder / FILE_NAME
    raise ConfigError(f"no {FILE_NAME} in {start} or above it; `sftsec init` writes one")


def load_settings(file: Path) -> Settings:
    """Read and check a configuration file.

    Raises:
        ConfigError: with one line a mistake, each naming file, line and path.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = (error.strerror if isinstance(error, OSError) else None) or error
        raise ConfigError(f"cannot be read: {why}", file=file) from error
    data, lines = _parse(text, file)
    return validate(Settings, data, file=file, lines=lines)


def validate(
    model: type[ModelT],
    data: object,
    *,
    file: Path | None = None,
    path: tuple[str | int, ...] = (),
    lines: Mapping[tuple[str | int, ...], int] | None = None,
) -> ModelT:
    """Check a piece of configuration against its model.

    Args:
        model: what it may say.
        data: the parsed piece.
        file: where it stands; relative paths in it are relative to this file's folder.
        path: the piece's own place inside the file.
        lines: 1-based line of each place, for the message.

    Raises:
        ConfigError: when it is wrong.
    """
    context = {BASE: file.resolve().parent} if file else None
    try:
        return model.model_validate(data, context=context)
    except ValidationError as error:
        complaints = [_complaint(each, model) for each in _causes(error.errors())]
        where = [(path + place, text) for place, text in complaints]
        # Pydantic's own text quotes what was written, which may be a secret in a wrong place.
        raise _config_error(where, file, lines or {}) from None


def _causes(errors: Sequence[Any]) -> list[Any]:
    """The errors without those that others bring about: a list whose items are wrong is empty."""
    places = [tuple(each["loc"]) for each in errors]

    def follows(error: Any) -> bool:  # noqa: ANN401 - pydantic_core.ErrorDetails
        place = tuple(error["loc"])
        below = any(len(each) > len(place) and each[: len(place)] == place for each in places)
        return error["type"] == "too_short" and below

    return [each for each in errors if not follows(each)]


def _config_error(
    complaints: Sequence[tuple[tuple[str | int, ...], str]],
    file: Path | None,
    lines: Mapping[tuple[str | int, ...], int],
) -> ConfigError:
    def show(place: tuple[str | int, ...], text: str) -> str:
        line = next((lines[place[:n]] for n in range(len(place), 0, -1) if place[:n] in lines), 0)
        at = f"line {line}, " if line else ""
        return f"{at}{'.'.join(map(str, place)) or 'the whole file'}: {text}"

    return ConfigError("; ".join(show(*each) for each in complaints), file=file)


def _complaint(
    error: Any,  # noqa: ANN401 - pydantic_core.ErrorDetails, whose ctx is untyped
    model: type[BaseModel],
) -> tuple[tuple[str | int, ...], str]:
    place = tuple(error["loc"])
    if error["type"] == "extra_forbidden":
        allowed = _keys_allowed_at(model, place[:-1])
        return place, unknown("key", str(place[-1]), allowed)
    if error["type"] == "missing":
        return place, "is required"
    given = error.get("input")
    shown = f", not {given!r}" if _may_be_quoted(error["type"], given) else ""
    message = error["msg"].removeprefix("Value error, ")
    # A model-level complaint is about the whole piece, and a secret's must not repeat its input.
    return place, message if error["type"] == "value_error" else message + shown


def _may_be_quoted(kind: str, given: object) -> bool:
    """Whether what was written may be repeated: a text where settings or a URL belong may hide one.

    A secret that stands in the place of its settings (`encrypt: KEY`), or a password in a URL.
    """
    if isinstance(given, str):
        return kind not in _OF_SHAPE and not ("://" in given and "@" in given)
    return isinstance(given, int | float | bool)


_OF_SHAPE = frozenset({"model_type", "model_attributes_type", "dict_type", "list_type"})


def _keys_allowed_at(model: type[BaseModel], place: tuple[str | int, ...]) -> list[str]:
    current: Any = model
    for key in place:
        current = _descend(current, key)
    models = current.models if isinstance(current, _OneOf) else [current]
    return sorted({name for each in models if _is_model(each) for name in each.model_fields})


def _descend(kind: Any, key: str | int) -> Any:  # noqa: ANN401 - walks type annotations
    if isinstance(kind, _Keyed):
        return kind.model
    if isinstance(key, int):
        return kind  # an item of a list of such
    if isinstance(kind, _OneOf):
        return next((each for each in kind.models if _kind_named(each) == key), None)
    field = kind.model_fields.get(key) if _is_model(kind) else None
    return _model_in(field.annotation) if field else None


def _model_in(annotation: Any) -> Any:  # noqa: ANN401 - walks type annotations
    """The model inside Optional[M], dict[str, M], tuple[M, ...] or M itself; several of a union."""
    if _is_model(annotation):
        return annotation
    found = [each for part in typing.get_args(annotation) if (each := _model_in(part)) is not None]
    model = _OneOf(found) if len(found) > 1 else next(iter(found), None)
    return _Keyed(model) if typing.get_origin(annotation) is dict and model else model


class _Keyed:
    """A dict of models: the next key names an entry, not a field."""

    def __init__(self, model: type[BaseModel] | _OneOf) -> None:
        self.model = model


class _OneOf:
    """A union of models: the next key is the `kind` of one."""

    def __init__(self, models: Sequence[type[BaseModel]]) -> None:
        self.models = models


def _kind_named(model: Any) -> object:  # noqa: ANN401 - walks type annotations
    field = model.model_fields.get("kind") if _is_model(model) else None
    return None if field is None else field.default


def _is_model(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _parse(text: str, file: Path) -> tuple[object, dict[tuple[str | int, ...], int]]:
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        lines = dict(_lines(root, ())) if root else {}
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        # Its own text quotes the line, which may hold a secret.
        raise ConfigError(_yaml_complaint(error), file=file) from None
    return {} if data is None else data, lines


def _yaml_complaint(error: yaml.YAMLError) -> str:
    if not isinstance(error, yaml.MarkedYAMLError):
        return " ".join(str(error).split())
    mark = error.problem_mark or error.context_mark
    at = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
    return at + " ".join(filter(None, (error.context, error.problem)))


def _lines(
    node: yaml.Node, place: tuple[str | int, ...]
) -> Iterator[tuple[tuple[str | int, ...], int]]:
    yield place, node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                raise yaml.YAMLError(
                    f"line {key.start_mark.line + 1}: the key {key.value!r} stands twice"
                )
            seen.add(key.value)
            yield from _lines(value, (*place, key.value))
            yield (*place, key.value), key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            yield from _lines(value, (*place, number))
