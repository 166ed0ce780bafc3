"""The plugin's own lists of made-up texts, on which `sftsec bench redaction` measures it.

A line of `lists/*/KIND.txt` is a text in which ⟦ and ⟧ stand around what must go. ¦ is left out
when it is read, so that no scanner takes a made-up key for a live one, and ⏎ is a line break. What
follows `fields ` is JSON: an incident's fields. `benign.txt` has what only looks alike. The lists
in `held_out` were written when the rules were done for those in `developed`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib.resources import files

from sftsec_core.api.contracts import LabelledText

_MARKED = re.compile("⟦([^⟧]*)⟧")
_HALVES = ("developed", "held_out")


def labelled_texts() -> Iterator[LabelledText]:
    """Read the lists."""
    for half in _HALVES:
        folder = files("sftsec_pii").joinpath("lists", half)
        for file in sorted(folder.iterdir(), key=lambda each: each.name):
            kind = file.name.removesuffix(".txt")
            for line in file.read_text(encoding="utf-8").splitlines():
                yield _labelled(line, kind, held_out=half == "held_out")


def _labelled(line: str, kind: str, *, held_out: bool) -> LabelledText:
    text = line.replace("¦", "").replace("⏎", "\n")
    bare = text.replace("⟦", "").replace("⟧", "")
    is_fields = bare.startswith("fields ")
    return LabelledText(
        kind=kind,
        fields=json.loads(bare.removeprefix("fields ")) if is_fields else {"message": bare},
        hidden=tuple(_MARKED.findall(text)),
        held_out=held_out,
    )
