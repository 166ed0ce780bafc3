"""What expensive models gave, kept in the state folder between runs: one file a model."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from sftsec_core.api.contracts import RecipeSpec
from sftsec_core.api.errors import IntegrityError
from sftsec_core.scoring.score_cache import ScoreCache
from sftsec_core.scoring.score_file import from_bytes, to_bytes
from sftsec_core.store.vault import create_file, open_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sftsec_core.operations.context import Context
    from sftsec_core.registry.registry import LoadedModel

SCORES = "scores"
# Of `inference_cost`. A linear model's answer takes as long as to find it in the file.
_EXPENSIVE = 5


@contextmanager
def remembered_scores(context: Context, loaded: LoadedModel) -> Iterator[ScoreCache]:
    """What the model gave in earlier runs; what it gives in the body is kept for later ones.

    The file is bounded as the cache is in memory. One that cannot be written is not kept, and what
    a killed run added is asked for again.

    Args:
        context: settings, store, registry, actor and event stream.
        loaded: the model.
    """
    cache = known_scores(context, loaded)
    before = cache.kept
    try:
        yield cache
    finally:
        if cache.kept != before and _is_expensive(context, loaded):
            _write(context, loaded, cache)


def known_scores(context: Context, loaded: LoadedModel) -> ScoreCache:
    """What the model gave in earlier runs; nothing for a cheap one, or where there is no file."""
    found = None
    if _is_expensive(context, loaded):
        with (
            suppress(OSError, IntegrityError),
            open_file(_file(context, loaded), context.vault) as file,
        ):
            labels = len(loaded.serving.task.labels)
            found = from_bytes(file.read(), loaded.ref.digest, context.salt, labels)
    return found or ScoreCache()


def _write(context: Context, loaded: LoadedModel, cache: ScoreCache) -> None:
    file = _file(context, loaded)
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    with suppress(OSError):
        file.parent.mkdir(exist_ok=True)
        for other in file.parent.glob(f".{file.name}.*"):  # of a process that was killed
            other.unlink(missing_ok=True)
        with create_file(draft, context.vault) as out:
            out.write(to_bytes(cache, loaded.ref.digest, context.salt))
        draft.replace(file)


def _file(context: Context, loaded: LoadedModel) -> Path:
    return context.folder / SCORES / loaded.ref.digest


def _is_expensive(context: Context, loaded: LoadedModel) -> bool:
    recipe = context.plugins.specs(RecipeSpec)[loaded.ref.recipe]
    return recipe.cost_of(loaded.model) >= _EXPENSIVE
