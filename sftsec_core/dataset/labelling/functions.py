"""Labelling functions, ready to vote: from their settings to what reads an incident."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from sftsec_core.api.errors import ConfigError
from sftsec_core.api.settings.labelling import IndicatorFunction, RegexFunction, VerdictFunction
from sftsec_core.api.settings.words import word_key
from sftsec_core.dataset.labelling.indicators import IndicatorList, check_readable, read_indicators
from sftsec_core.sdk.fields import as_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from sftsec_core.api.domain import Incident
    from sftsec_core.api.settings.labelling import FunctionSettings

ABSTAIN = -1
_LONGEST_WORD = 200
Vote = Callable[[Mapping[str, Any]], str | None]
Fail = Callable[[str], ConfigError]


@dataclass(frozen=True, slots=True)
class LabellingFunction:
    """A rule that votes.

    Attributes:
        name: as the task calls it.
        kind: regex, indicators or verdict_of.
        vote: an incident's fields to a label of the task's, or None: it abstains.
        note: what a reader should know of what it was made from; "" for nothing.
    """

    name: str
    kind: str
    vote: Vote
    note: str = ""


@dataclass(frozen=True, slots=True)
class FunctionsPlace:
    """Where the functions of a task stand, for messages.

    Attributes:
        file: the configuration file.
        task: the task's name.
    """

    file: Path
    task: str

    def fail(self, name: str, key: str) -> Fail:
        """What makes errors about a setting of a function."""
        path = f"tasks.{self.task}.labelling_functions.{name}.{key}"
        return lambda message: ConfigError(message, file=self.file, path=path)


def load_functions(
    functions: Mapping[str, FunctionSettings], place: FunctionsPlace
) -> list[LabellingFunction]:
    """Compile patterns and read lists.

    Args:
        functions: by name, of a task.
        place: where they stand.

    Raises:
        ConfigError: when a pattern does not compile or a list cannot be read; it names the setting.
    """
    return [_loaded(name, settings, place) for name, settings in functions.items()]


def check_functions(functions: Mapping[str, FunctionSettings], place: FunctionsPlace) -> None:
    """Check what `load_functions` needs, without reading lists to their end.

    Raises:
        ConfigError: when a pattern does not compile or a list is not there; it names the setting.
    """
    for name, settings in functions.items():
        if isinstance(settings, RegexFunction):
            _compiled(settings.pattern, place.fail(name, "pattern"))
        elif isinstance(settings, IndicatorFunction):
            check_readable(settings.file, place.fail(name, "file"))


def missing_requirement(functions: Mapping[str, FunctionSettings]) -> str | None:
    """What the functions need and is not installed, with how to install it; None for nothing."""
    if find_spec("re2") is None and any(isinstance(f, RegexFunction) for f in functions.values()):
        return "labelling functions of kind 'regex' need re2: pip install 'sftsec[labels]'"
    return None


def cast_votes(
    functions: Sequence[LabellingFunction], incidents: Iterable[Incident], labels: Sequence[str]
) -> NDArray[np.int8]:
    """Let each function vote on each incident.

    Args:
        functions: m of them.
        incidents: n of them, cleaned, with the fields that the functions read.
        labels: of the task, at most 127.

    Returns:
        Columns of labels, or `ABSTAIN`; shape (n, m).
    """
    column: dict[str | None, int] = {label: number for number, label in enumerate(labels)}
    rows = [
        [column.get(function.vote(incident.fields), ABSTAIN) for function in functions]
        for incident in incidents
    ]
    return np.array(rows, dtype=np.int8).reshape(len(rows), len(functions))


def _loaded(name: str, settings: FunctionSettings, place: FunctionsPlace) -> LabellingFunction:
    if isinstance(settings, RegexFunction):
        pattern = _compiled(settings.pattern, place.fail(name, "pattern"))
        return LabellingFunction(name, settings.kind, _regex(settings, pattern))
    if isinstance(settings, IndicatorFunction):
        listed = read_indicators(settings.file, place.fail(name, "file"))
        note = listed.note(settings.file.name)
        return LabellingFunction(name, settings.kind, _listed(settings, listed), note)
    return LabellingFunction(name, settings.kind, _verdict_of(settings))


def _regex(settings: RegexFunction, pattern: Any) -> Vote:  # noqa: ANN401 - re2 has no types
    def vote(fields: Mapping[str, Any]) -> str | None:
        texts = (as_text(fields.get(field)) for field in settings.fields)
        # Bytes: half of a surrogate pair is no UTF-8, and offsets in characters are not needed.
        found = any(pattern.search(text.encode("utf-8", "replace")) for text in texts if text)
        return settings.label if found else None

    return vote


def _compiled(pattern: str, fail: Fail) -> Any:  # noqa: ANN401 - re2 has no types
    """Compile a pattern.

    Raises:
        ConfigError: when RE2 cannot.
    """
    import re2

    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        why = error.args[0].decode() if isinstance(error.args[0], bytes) else str(error)
        raise fail(
            f"{pattern!r} does not compile: {why} (RE2 has no look-around and no back-reference; "
            "write a pattern with backslashes in single quotes)"
        ) from error


def _listed(settings: IndicatorFunction, listed: IndicatorList) -> Vote:
    def vote(fields: Mapping[str, Any]) -> str | None:
        texts = (as_text(fields.get(field)) for field in settings.fields)
        return settings.label if any(listed.found_in(text) for text in texts if text) else None

    return vote


def _verdict_of(settings: VerdictFunction) -> Vote:
    by_word = settings.by_word()

    def vote(fields: Mapping[str, Any]) -> str | None:
        word = as_text(fields.get(settings.field))
        return by_word.get(word_key(word)) if 0 < len(word) <= _LONGEST_WORD else None

    return vote
