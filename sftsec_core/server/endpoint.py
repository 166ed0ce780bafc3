"""The server: its address, its certificate, and how it stops."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import socket
import ssl
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import uvicorn

from sftsec_core.api.domain import Permission
from sftsec_core.api.errors import ConfigError
from sftsec_core.operations.authorize import authorize
from sftsec_core.operations.oidc import OidcVerifier
from sftsec_core.operations.token_verifier import TokenVerifier
from sftsec_core.server.app import build_app
from sftsec_core.server.auth import renewed_tokens
from sftsec_core.server.authentication import Authenticator
from sftsec_core.server.certificate import ServerCertificate
from sftsec_core.server.drain import Drain
from sftsec_core.server.label_service import LabelService
from sftsec_core.server.listener import ANSWERED_PAST_LIMIT, BoundedListener, usable_connections
from sftsec_core.server.log_limits import limited
from sftsec_core.server.middleware import METRICS, PUBLIC_PATHS, AuthMiddleware
from sftsec_core.server.protocol import BoundedProtocol, ConnectionLimits
from sftsec_core.server.renewal import Watcher
from sftsec_core.server.service import ScoringService
from sftsec_core.server.sessions import Sessions
from sftsec_core.server.status_routes import LogIn
from sftsec_core.server.tracing import Tracing, TracingMiddleware
from sftsec_core.server.wrong_tokens import WrongTokens

if TYPE_CHECKING:
    from types import FrameType

    from fastapi import FastAPI

    from sftsec_core.config.serve import ServeSettings
    from sftsec_core.operations.context import Context
    from sftsec_core.server.auth import Tokens
    from sftsec_core.server.authentication import Caller
    from sftsec_core.server.renewal import Renewed

# For responses that are being sent once nothing is in hand; what is then left is cut off.
SHUTDOWN_TIMEOUT_S = 5
# Their lines are caused by anyone who reaches the port.
LIMITED_LOGS = (
    "asyncio",
    "opentelemetry.exporter.otlp.proto.http.trace_exporter",
    "uvicorn.error",
    "sftsec_core.server.connections",
    "sftsec_core.server.batch_scorer",
    "sftsec_core.server.wrong_tokens",
    "sftsec_core.operations.oidc",
)


class Endpoint:
    """A scoring endpoint that listens from its construction on and answers in `run`.

    Attributes:
        url: its address; with port 0 in the settings, the port that it was given.
    """

    def __init__(self, context: Context, settings: ServeSettings, *, docs: bool = False) -> None:
        """Check everything that can be checked, and bind.

        Args:
            context: the configuration with its models.
            settings: the address and the limits.
            docs: whether to serve /openapi.json.

        Raises:
            AuthorizationError: when the actor may not serve all tasks.
            ConfigError: when there is no usable token or certificate, when the address cannot be
                bound, or when tokens and events would cross the network in plain text.
        """
        authorize(context.actor, Permission.SERVE)
        tokens = renewed_tokens(settings.tokens, context.file)
        self._authenticator = _authenticator(context, settings, tokens)
        certificate = None
        if settings.certificate is not None and settings.key is not None:
            certificate = ServerCertificate(settings.certificate, settings.key)
        self._watcher = Watcher([tokens, *([certificate] if certificate else [])])
        self._tracing = _tracing(settings)
        self._service = ScoringService(context, settings, self._tracing)
        over_tls = settings.certificate is not None or settings.behind_proxy
        sessions = Sessions(secure=over_tls, mark=self._authenticator.mark)
        labels = (LabelService(context, settings), sessions)
        wrong = WrongTokens(
            settings.wrong_token_delay.total_seconds(), behind_proxy=settings.behind_proxy
        )
        log_in = LogIn(self._authenticator, wrong)
        app = build_app(self._service, labels=labels, log_in=log_in, docs=docs)
        limits = ConnectionLimits(
            usable_connections(settings.max_connections),
            settings.head_timeout.total_seconds(),
            settings.body_timeout.total_seconds(),
        )
        self._socket = BoundedListener(
            _listen(settings), limits.connections + ANSWERED_PAST_LIMIT, wanted=limits.connections
        )
        self.url = _url(settings, self._socket)
        guarded = self._guarded(app, settings, sessions, wrong)
        self._server = _StoppableServer(
            _uvicorn_config(TracingMiddleware(guarded, self._tracing)),
            limits,
            certificate.context if certificate else None,
            self._socket,
            self._service.drain,
        )

        # uvicorn's access log quotes whole addresses. `access_log=False` removes its handlers, but
        # not those that are added later.
        logging.getLogger("uvicorn.access").disabled = True

    def _guarded(
        self,
        app: FastAPI,
        settings: ServeSettings,
        sessions: Sessions[Caller],
        wrong: WrongTokens,
    ) -> AuthMiddleware:
        return AuthMiddleware(
            app,
            self._authenticator,
            wrong,
            sessions,
            admit=self._service.admit,
            count=self._service.metrics.count_response,
            public=PUBLIC_PATHS | ({METRICS} if settings.metrics == "open" else frozenset()),
        )

    def run(self, ready: Callable[[], None] = lambda: None) -> None:
        """Answer until `stop`, SIGTERM or SIGINT; requests in hand are finished first.

        Args:
            ready: called once, just before the first request is taken.
        """
        self._service.start()
        try:
            with self._watcher.running(), limited(*LIMITED_LOGS):
                ready()
                self._server.run(sockets=[self._socket])
        finally:
            self._socket.close()
            self._service.stop()
            self._authenticator.close()
            self._tracing.close()

    def renew(self) -> None:
        """Have tokens and certificate read again, as SIGHUP does; from any thread."""
        self._watcher.renew()

    def stop(self) -> None:
        """Ask it to stop as SIGTERM does; from any thread."""
        self._service.drain.begin()


def _authenticator(
    context: Context, settings: ServeSettings, tokens: Renewed[Tokens]
) -> Authenticator:
    access, stored = context.settings.access, context.store.tokens
    oidc = access.oidc if access else None
    if not (settings.tokens or oidc or stored.any_valid()):
        raise ConfigError(
            "at least one token is needed: tokens: {splunk: env:NAME}, or `sftsec token add "
            "splunk --role scorer`",
            file=context.file,
            path="serve.tokens",
        )
    issued = OidcVerifier(oidc) if oidc else None
    return Authenticator(tokens, settings.analysts, TokenVerifier(stored), issued)


def _tracing(settings: ServeSettings) -> Tracing:
    """What makes spans.

    Raises:
        ConfigError: when OpenTelemetry is not installed.
    """
    if settings.traces is None:
        return Tracing()
    try:
        from sftsec_core.server.otel_tracing import OtelTracing
    except ImportError as error:
        raise ConfigError(
            f"it needs {error.name}: pip install 'sftsec[otel]'", path="serve.traces"
        ) from error
    return OtelTracing.to(settings.traces)


def _url(settings: ServeSettings, listener: socket.socket) -> str:
    address, port = listener.getsockname()[:2]
    shown = f"[{address}]" if ":" in address else address
    return f"{'https' if settings.certificate else 'http'}://{shown}:{port}"


def _uvicorn_config(app: TracingMiddleware) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        loop="asyncio",  # uvloop, where it is installed, does not ask the listener to accept
        lifespan="off",
        ws="none",
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=SHUTDOWN_TIMEOUT_S,
    )


class _StoppableServer(uvicorn.Server):
    """uvicorn's server with bounded connections, for which a signal to stop is not a failure."""

    def __init__(
        self,
        config: uvicorn.Config,
        limits: ConnectionLimits,
        tls: ssl.SSLContext | None,
        listener: BoundedListener,
        drain: Drain,
    ) -> None:
        super().__init__(config)
        self._drain = drain
        self._limits = limits
        self._tls = tls
        self._listener = listener

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept connections on these sockets, with a deadline for TLS handshakes too."""
        # uvicorn would use its own protocol, and asyncio's minute for a handshake.
        await super().startup(sockets=[])
        loop = asyncio.get_running_loop()
        make = partial(
            BoundedProtocol,
            config=self.config,
            server_state=self.server_state,
            app_state=self.lifespan.state,
            limits=self._limits,
            listener=self._listener,
        )
        seconds = self._limits.head_s if self._tls else None
        for each in sockets or []:
            server = await loop.create_server(
                make,
                sock=each,
                ssl=self._tls,
                backlog=self.config.backlog,
                ssl_handshake_timeout=seconds,
                ssl_shutdown_timeout=seconds,
            )
            self.servers.append(server)

    async def on_tick(self, counter: int) -> bool:
        """Stop once nothing is in hand; uvicorn asks ten times a second."""
        if self._drain.is_over():
            self.should_exit = True
        return await super().on_tick(counter)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Drain; at the second signal stop without waiting for requests in hand.

        uvicorn's own raises the signal again at the end, which would end the process before it
        has closed its files.
        """
        del sig, frame
        if self._drain.has_begun:
            self.should_exit = self.force_exit = True
        self._drain.begin()


def _listen(settings: ServeSettings) -> socket.socket:
    host, port = settings.host, settings.port
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        safe = settings.certificate is not None or settings.behind_proxy
        if not safe and not ipaddress.ip_address(address[0]).is_loopback:
            raise ConfigError(
                f"{host} is reachable from other machines: name a certificate and its key "
                "(--certificate, --key), or set behind_proxy: true when a proxy does TLS",
                path="serve.host",
            )
        listener = socket.create_server(address[:2], family=family)
    except OSError as error:
        raise ConfigError(
            f"cannot listen on {host}, port {port}: {error.strerror or error}; choose others "
            "with --host and --port",
            path="serve",
        ) from error
    # asyncio sets this only where a socket names its protocol, and this one does not: each answer
    # would wait 40 ms for a delayed acknowledgement. Accepted connections inherit it.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener
