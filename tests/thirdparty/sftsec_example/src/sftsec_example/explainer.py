"""An explainer that leaves one word out after the other."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pydantic import Field

from sftsec_core.api import Attribution, Batch, Explanation, Strict, visible

if TYPE_CHECKING:
    from sftsec_core.api import ExplainJob

_WORD = re.compile(r"\S+")


class LeaveOutConfig(Strict):
    """What `explain: {name: example-leave-out, ...}` may say."""

    words: int = Field(50, ge=1, description="Words of a text that are left out, at most.")


def leave_out(config: LeaveOutConfig, job: ExplainJob) -> Sequence[Explanation]:
    """Say of each word by how much the probability falls without it."""
    out = []
    for text, (column, other) in zip(job.batch.text(), job.pairs, strict=True):
        words = list(_WORD.finditer(text))[: config.words]
        without = [text[: word.start()] + text[word.end() :] for word in words]
        proba = job.proba(Batch.of_texts([text, *without]))[:, column]
        found = [
            Attribution("text", visible(word[0]), float(proba[0] - alone), word.span())
            for word, alone in zip(words, proba[1:], strict=True)
        ]
        found.sort(key=lambda each: -abs(each.contribution))
        named = job.model.labels
        first = f"the word {found[0].words} counts most" if found else "there is no text"
        out.append(Explanation(named[column], named[other], "leave-out", first, tuple(found)))
    return out
