"""Verify the files of registered models against their digests."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sftsec_core.api.domain import ModelRef, Permission
from sftsec_core.api.errors import ConfigError, IntegrityError
from sftsec_core.models.model_format import SIGNATURE
from sftsec_core.models.signature import public_pem
from sftsec_core.operations.authorize import authorize, authorize_some, may
from sftsec_core.recipes.encoder_files import encoders_relative_to
from sftsec_core.recipes.saved_encoders import check_encoders

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sftsec_core.operations.context import Context
    from sftsec_core.registry.signing import SignaturePolicy


@dataclass(frozen=True, slots=True)
class VerifiedModel:
    """A model, and what is wrong with its files; None when nothing is.

    Attributes:
        signature: "ok" where it was checked, "not checked" where it has one and no key was given,
            else None.
    """

    ref: ModelRef
    error: str | None
    signature: str | None = None


def verify_models(
    context: Context, names: Sequence[str] = (), public_key: Path | None = None
) -> list[VerifiedModel]:
    """Check every file of the named models, or of all, and of the encoders that they read.

    Args:
        context: settings, store, registry, actor and event stream.
        names: as a person would type them.
        public_key: whose signature each must have; default: that of `registry.require_signature`.

    Raises:
        NotFoundError: when there is no such model.
        ConfigError: when the public key is none.
    """
    authorize_some(context.actor, Permission.READ)
    registry = context.registry
    refs = [registry.resolve(name) for name in names]
    for ref in refs:
        authorize(context.actor, Permission.READ, ref.task)
    seen = (ref for ref in registry.models(None) if may(context.actor, Permission.READ, ref.task))
    refs = refs or list(seen)
    policy = replace(registry.signatures, public_key=public_key or registry.signatures.public_key)
    if policy.public_key is not None:
        public_pem(policy.public_key)
    found = [_verified(context, ref, policy) for ref in refs]
    # One that is not registered any more was removed while the others were read.
    return [each for each in found if each.error is None or _is_registered(context, each.ref)]


def _is_registered(context: Context, ref: ModelRef) -> bool:
    return context.store.models.get(ref.digest) is not None


def _verified(context: Context, ref: ModelRef, policy: SignaturePolicy) -> VerifiedModel:
    error = _error(context, ref, policy)
    if policy.public_key is None:
        signed = (ref.folder / SIGNATURE).is_file()
        return VerifiedModel(ref, error, "not checked" if signed else None)
    return VerifiedModel(ref, error, None if error else "ok")


def _error(context: Context, ref: ModelRef, policy: SignaturePolicy) -> str | None:
    try:
        context.registry.verify(ref)
        policy.check(ref)
        with encoders_relative_to(context.plugins.base):
            check_encoders(ref.folder)
    except (IntegrityError, ConfigError) as error:
        return str(error)
    return None
