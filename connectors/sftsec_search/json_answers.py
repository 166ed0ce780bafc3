"""An answer's JSON, read fast; and read at all, with any text in an event."""

from __future__ import annotations

import json
from typing import Any

import orjson


def read_json(raw: bytes | str) -> Any:  # noqa: ANN401 - JSON
    r"""Read JSON; half of a surrogate pair becomes a question mark.

    The engines take such a half (`\ud800`) into a document and give it back, and a command line
    of Windows may hold one. It stands for no character, and orjson refuses all of the answer.

    Raises:
        ValueError: when it is no JSON.
    """
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        whole = json.dumps(json.loads(raw), ensure_ascii=False)
        return orjson.loads(whole.encode("utf-8", "replace"))
