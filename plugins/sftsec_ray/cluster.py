"""A connection to a Ray cluster: an existing one, or one of this machine for as long as needed."""

from __future__ import annotations

import logging
import math
import os
import secrets
import shutil
import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sftsec_core.api import TrainingError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sftsec_ray.config import ClusterSettings

_LOOPBACK = "127.0.0.2"  # Ray takes 127.0.0.1 for a wish to be reached from elsewhere
_LOCAL = "local"
_TRIES = 3  # a loaded machine may not start a node within the 30 s that Ray allows
_OBJECT_STORE = 128 * 2**20  # of a cluster of our own; what travels does so in blocks of 8 MiB
QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",  # it would report to its makers
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_DISABLE_IMPORT_WARNING": "1",
    "RAY_worker_niceness": "0",  # of a cluster of our own; 15 by default, and a run has its own
}


def environment(settings: ClusterSettings) -> dict[str, str]:
    """The environment of a process that talks to the cluster; Ray reads it when it is imported.

    A cluster of this machine gets a token of its own, which other users do not know.

    Raises:
        ConfigError: when the token is not where the settings say.
    """
    found = {**os.environ, **QUIET}
    if settings.token is not None or settings.address is None:
        token = settings.token.reveal() if settings.token else secrets.token_hex(32)
        found |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": token}
        found.pop("RAY_AUTH_TOKEN_PATH", None)
    if settings.tls is not None:
        found |= {
            "RAY_USE_TLS": "1",
            "RAY_TLS_SERVER_CERT": str(settings.tls.certificate),
            "RAY_TLS_SERVER_KEY": str(settings.tls.key),
            "RAY_TLS_CA_CERT": str(settings.tls.authority),
        }
    return found


@contextmanager
def connected(settings: ClusterSettings, needs: Mapping[str, float]) -> Iterator[Any]:
    """Hold a connection; leaving it ends what was started over it.

    Args:
        settings: which cluster.
        needs: "cpus" and "gpus" that a cluster of this machine has to have.

    Yields:
        The module `ray`.

    Raises:
        TrainingError: when there is no such cluster, or it is of another Ray or Python.
    """
    import ray

    quiet = {"logging_level": logging.ERROR, "log_to_driver": False}
    # Unix sockets lie below it: their paths must be short, whatever TMPDIR says.
    own = None if settings.address else tempfile.mkdtemp(prefix="sftsec-", dir="/tmp")
    options = _of_our_own(own, needs) if own else {"address": settings.address}
    try:
        _connect(ray, {**options, **quiet}, _TRIES if own else 1)
        yield ray
    finally:
        ray.shutdown()
        if own is not None:
            shutil.rmtree(own, ignore_errors=True)


def _connect(ray: Any, options: Mapping[str, Any], tries: int) -> None:  # noqa: ANN401 - the module
    for left in reversed(range(tries)):
        try:
            ray.init(**options)
            break
        except Exception as error:  # Ray raises all kinds, and plain `Exception`
            ray.shutdown()
            if not left:
                raise TrainingError(_no_connection(str(options["address"]), error)) from error


def _of_our_own(folder: str, needs: Mapping[str, float]) -> dict[str, Any]:
    return {
        "address": _LOCAL,
        "num_cpus": math.ceil(needs["cpus"]),
        "num_gpus": math.ceil(needs["gpus"]),
        "object_store_memory": _OBJECT_STORE,
        "include_dashboard": False,
        "_node_ip_address": _LOOPBACK,
        "_temp_dir": folder,
    }


def _no_connection(address: str, error: Exception) -> str:
    cause = " ".join(str(error).split())
    if _is_unauthenticated(error):
        return f"the Ray cluster {address} refuses the token: give its own as `token`"
    if address == _LOCAL:
        return f"no Ray cluster could be started on this machine: {cause}"
    return (
        f"no connection to the Ray cluster {address}: {cause}; this machine has to be one of its "
        "nodes: `ray start --address HOST:PORT --num-cpus 0`"
    )


def _is_unauthenticated(error: BaseException | None) -> bool:
    """Whether a wrong or missing token is behind an error of Ray's, which hides it in a text."""
    while error is not None:
        if "InvalidAuthToken" in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False
