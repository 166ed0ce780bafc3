"""Canaries of a task: incidents with their labels in a file that no verdict reaches.

They are cleaned and rendered as incidents of the SIEM are, are never trained or chosen on, and are
what a model is judged on besides the test part. Who can change verdicts cannot change them; who can
change the file is found by its SHA-256 in the configuration.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sftsec_core.api.contracts import VoterSpec
from sftsec_core.api.domain import Example, Incident
from sftsec_core.api.errors import ConfigError, unknown
from sftsec_core.dataset.features import renderer
from sftsec_core.dataset.steps import build_steps
from sftsec_core.sdk.records import UnusableError, flatten

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from sftsec_core.api.settings.canaries import CanarySettings
    from sftsec_core.api.settings.task import TaskSettings
    from sftsec_core.operations.context import Context
    from sftsec_core.plugins import Plugins

VOTER = "canaries"
_LABEL = "label"
_DEPTH = 64
_MOST_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class CanarySet:
    """The canaries of a task, as a model reads them.

    Attributes:
        examples: in the file's order; a uid is the number of the line.
        sha256: of the file.
    """

    examples: tuple[Example, ...] = ()
    sha256: str = ""


def check_canaries(task: TaskSettings, plugins: Plugins, file: Path, name: str) -> None:
    """Check that a task's canaries can be read, and that somebody votes on them.

    Raises:
        ConfigError: naming the file, the path in it and what to do.
    """
    settings = task.gate.canaries
    if settings is None:
        return
    place = f"tasks.{name}.gate.canaries"
    if VOTER not in plugins.specs(VoterSpec):
        raise ConfigError(
            "no enabled plugin votes on canaries: add poison to `plugins`", file=file, path=place
        )
    try:
        _records(settings, tuple(task.labels))
    except ConfigError as error:
        raise ConfigError(str(error), file=file, path=place) from error


def read_canaries(context: Context, name: str) -> CanarySet:
    """Read, clean and render the canaries of a task; none where it has none.

    Raises:
        ConfigError: when the file cannot be read, is another one than its SHA-256 says, or has a
            line that is no incident with a label of the task, or none that the model reads, or
            two labels on the same inputs.
    """
    task, spec = context.task(name), context.task_spec(name)
    settings = task.gate.canaries
    if settings is None:
        return CanarySet()
    records, sha256 = _records(settings, spec.labels)
    steps = build_steps(task, context.plugins, context.step_context(name))
    render = renderer(spec, task.render, context.plugins)
    examples, known = list[Example](), dict[str, Example]()
    for line, fields, label in records:
        cleaned = steps([Incident(str(line), fields)])
        inputs = render(cleaned[0]) if cleaned else {}
        if not inputs:
            wanted = ", ".join(spec.sources)
            raise ConfigError(f"{settings.path}:{line}: nothing that the model reads: {wanted}")
        example = Example(str(line), inputs, label)
        other = known.setdefault(example.digest, example)
        if other.label != label:
            raise ConfigError(
                f"{settings.path}:{line}: the same inputs as in line {other.uid}, which has the "
                "other label: no model can judge both rightly"
            )
        examples.append(example)
    return CanarySet(tuple(examples), sha256)


def canary_digest(task: TaskSettings) -> dict[str, str | None]:
    """The SHA-256 of a task's canaries by their path; None where they cannot be read."""
    settings = task.gate.canaries
    if settings is None:
        return {}
    try:
        return {str(settings.path): hashlib.sha256(settings.path.read_bytes()).hexdigest()}
    except OSError:
        return {str(settings.path): None}


def left_out(examples: Sequence[Example], canaries: CanarySet) -> list[Example]:
    """The examples without those that equal a canary, whatever label a verdict gives them."""
    known = {each.digest for each in canaries.examples}
    return [each for each in examples if each.digest not in known]


def _records(
    settings: CanarySettings, labels: Sequence[str]
) -> tuple[list[tuple[int, Mapping[str, Any], str]], str]:
    """Line number, fields and label of each canary, and the file's SHA-256.

    Raises:
        ConfigError: as `read_canaries` does.
    """
    try:
        if settings.path.stat().st_size > _MOST_BYTES:
            raise ConfigError(f"{settings.path} is larger than {_MOST_BYTES >> 20} MiB")
        data = settings.path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{settings.path} cannot be read: {error.strerror}") from error
    digest = hashlib.sha256(data).hexdigest()
    if settings.sha256 not in {None, digest}:
        raise ConfigError(
            f"{settings.path} is not the file whose sha256 is given: if the change is meant, set "
            f"sha256: {digest}"
        )
    found = [
        (number, *_record(line, labels, f"{settings.path}:{number}"))
        for number, line in enumerate(data.splitlines(), start=1)
        if line.strip()
    ]
    if not found:
        raise ConfigError(f"{settings.path} holds no canary")
    return found, digest


def _record(line: bytes, labels: Sequence[str], where: str) -> tuple[Mapping[str, Any], str]:
    try:
        record = json.loads(line)
        if not isinstance(record, dict):
            raise ConfigError(f"{where}: no JSON object")
        flat = flatten(record, _DEPTH)
    except (ValueError, RecursionError, UnusableError) as error:
        raise ConfigError(f"{where}: cannot be read: {error}") from None
    label = flat.pop(_LABEL, None)
    if label not in labels:
        raise ConfigError(f"{where}: {unknown('label', str(label), labels)}")
    return flat, str(label)
