"""The server as a process: its settings from a file, uvicorn in a thread, the rounds beside it."""

from __future__ import annotations

import signal
import ssl
import threading
import time
from typing import TYPE_CHECKING, Any

import yaml

from sftsec_core.api import ConfigError, Spec
from sftsec_federated.app import make_app, read_tokens
from sftsec_federated.config import FederationSettings
from sftsec_federated.rounds import Federation

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


_SPEC = Spec(name="federation", summary="The server", config_model=FederationSettings)


def read_settings(file: Path) -> FederationSettings:
    """Read the server's settings.

    Raises:
        ConfigError: when the file is wrong; names the place.
    """
    try:
        body = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"cannot be read: {error}", file=file) from None
    if not isinstance(body, dict):
        raise ConfigError("must hold settings; sftsec federated serve --help shows some", file=file)
    try:
        return _SPEC.configure(body, base=file.resolve().parent)
    except ConfigError as error:
        raise ConfigError(str(error), file=file) from None


def serve(settings: FederationSettings, say: Callable[[str], None]) -> dict[str, Any]:
    """Run a federation to its end, or to SIGTERM; the state folder has each joined round.

    Raises:
        ConfigError: when the address, a token or a certificate cannot be used.
        IntegrityError: when the state folder is of another federation.
    """
    import uvicorn

    tokens = read_tokens(settings)
    federation = Federation.open(settings, say)
    host, _, port = settings.listen.rpartition(":")
    options: dict[str, Any] = {}
    if settings.certificate is not None:
        options = {"ssl_certfile": settings.certificate, "ssl_keyfile": settings.key}
    if settings.client_ca is not None:
        options |= {"ssl_ca_certs": settings.client_ca, "ssl_cert_reqs": ssl.CERT_REQUIRED}
    try:
        config = uvicorn.Config(
            make_app(federation, tokens),
            host=host.strip("[]"),
            port=int(port),
            log_config=None,
            access_log=False,
            server_header=False,
            lifespan="off",
            ws="none",
            timeout_graceful_shutdown=5,
            **options,
        )
        config.load()
        if config.ssl is not None:
            config.ssl.sslobject_class = _counting(federation)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"certificate, key or client_ca cannot be used: {error}") from None
    return _run(federation, uvicorn.Server(config))


def _counting(federation: Federation) -> type[ssl.SSLObject]:
    """A TLS connection that tells of a handshake that fails; asyncio drops it in silence."""

    class CountingConnection(ssl.SSLObject):
        def do_handshake(self) -> None:
            try:
                super().do_handshake()
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                raise
            except ssl.SSLError as error:
                reason = str(error.reason or "no TLS").lower().replace("_", " ")
                federation.exchange.count(f"connection refused: {reason}")
                raise

    return CountingConnection


def _run(federation: Federation, server: Any) -> dict[str, Any]:  # noqa: ANN401 - uvicorn.Server
    """Serve in a thread while the rounds run in this one, which takes the signals."""
    config = server.config
    try:
        listening = config.bind_socket()
    except SystemExit:
        raise ConfigError(f"listen: {federation.settings.listen} cannot be bound") from None
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    before = {
        number: signal.signal(number, lambda *_: federation.exchange.stop())
        for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        thread.start()
        while not server.started and thread.is_alive():
            time.sleep(0.02)  # said before, a site would be refused that comes at once
        scheme = "https" if config.is_ssl else "http"
        federation.say(f"listening on {scheme}://{config.host}:{listening.getsockname()[1]}")
        return federation.run()
    finally:
        server.should_exit = True
        thread.join(10)
        listening.close()
        for number, handler in before.items():
            signal.signal(number, handler)
