"""Verify the files of registered models against their digests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sftsec_core.api.domain import ModelRef, Permission
from sftsec_core.api.errors import ConfigError, IntegrityError
from sftsec_core.operations.authorize import authorize
from sftsec_core.recipes.encoder_files import encoders_relative_to
from sftsec_core.recipes.saved_encoders import check_encoders

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sftsec_core.operations.context import Context


@dataclass(frozen=True, slots=True)
class VerifiedModel:
    """A model, and what is wrong with its files; None when nothing is."""

    ref: ModelRef
    error: str | None


def verify_models(context: Context, names: Sequence[str] = ()) -> list[VerifiedModel]:
    """Check every file of the named models, or of all, and of the encoders that they read.

    Raises:
        NotFoundError: when there is no such model.
    """
    authorize(context.actor, Permission.READ)
    registry = context.registry
    refs = [registry.resolve(name) for name in names] or list(registry.models(None))
    found = [VerifiedModel(ref, _error(context, ref)) for ref in refs]
    # One that is not registered any more was removed while the others were read.
    return [each for each in found if each.error is None or _is_registered(context, each.ref)]


def _is_registered(context: Context, ref: ModelRef) -> bool:
    return context.store.models.get(ref.digest) is not None


def _error(context: Context, ref: ModelRef) -> str | None:
    try:
        context.registry.verify(ref)
        with encoders_relative_to(context.plugins.base):
            check_encoders(ref.folder)
    except (IntegrityError, ConfigError) as error:
        return str(error)
    return None
