"""Sign a registered model by hand, where no key lies beside the runs that make models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sftsec_core.api.domain import Permission
from sftsec_core.api.errors import ConfigError
from sftsec_core.models.signature import sign_folder
from sftsec_core.operations.authorize import authorize, authorize_some
from sftsec_core.store.staging import staging

if TYPE_CHECKING:
    from sftsec_core.api.domain import ModelRef
    from sftsec_core.api.settings.secrets import SecretRef
    from sftsec_core.operations.context import Context


def sign_model(context: Context, name: str, *, key: SecretRef | None = None) -> ModelRef:
    """Check a model's files against its digest, then sign them, its cards too.

    Args:
        context: settings, store, registry, actor and event stream.
        name: task@alias, an alias, a digest or the beginning of one.
        key: where the private key is; default: `registry.sign_key`.

    Raises:
        NotFoundError: when there is no such model.
        IntegrityError: when its files are not those that were registered: nothing is signed.
        ConfigError: when there is no key, or it is not one that can sign.
    """
    authorize_some(context.actor, Permission.SIGN)
    registry = context.registry
    ref = registry.resolve(name)
    authorize(context.actor, Permission.SIGN, ref.task)
    key = key or context.settings.registry.sign_key
    if key is None:
        raise ConfigError("name the private key: --key file:sign.pem, or registry.sign_key")
    # Under the registry's lock: a run that makes this model again may add a card to it.
    registry.verify(ref)  # downloads it where it is missing, which takes the lock too
    with staging(context.folder / "models"):
        registry.verify(ref)
        sign_folder(ref.folder, key)
        context.share(ref.folder)
    context.store.audit.append("model.signed", ref.digest, {"task": ref.task, "key": str(key)})
    return ref
