"""The name of a reading: all that decides what a model reads of an incident.

`inputs_digest` says what was read. Two digests say whether it was the same only where it was read
in the same way: the same inputs, renderer and steps, by the same plugins, with the same salt.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sftsec_core.api.domain import InputField, TaskSpec
    from sftsec_core.api.settings.choice import Choice

_BYTES = 16


def reading_digest(
    task: TaskSpec,
    *,
    steps: Mapping[str, Mapping[str, Any]],
    render: Choice | None,
    plugins: Mapping[str, str],
    salt: bytes,
) -> str:
    """Name a reading, as 32 hexadecimal digits.

    Args:
        task: its inputs.
        steps: those that clean the incidents, with their settings.
        render: the renderer; None for the default.
        plugins: those that are enabled, with their versions.
        salt: this site's secret; placeholders depend on it, so it is the key of the digest.
    """
    said = {
        "inputs": [_input(one) for one in task.inputs],
        "steps": list(steps.items()),  # in the order in which they run
        "render": None if render is None else {"name": render.name, **render.options()},
        "plugins": dict(plugins),
    }
    raw = orjson.dumps(said, option=orjson.OPT_SORT_KEYS)
    return hashlib.blake2b(raw, digest_size=_BYTES, key=salt).hexdigest()


def _input(field: InputField) -> list[object]:
    named: list[object] = [field.name, str(field.kind), list(field.sources)]
    # A reading without a fallback keeps the name that it had before there were any.
    return [*named, list(field.fallback)] if field.fallback else named
