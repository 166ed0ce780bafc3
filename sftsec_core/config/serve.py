"""What `serve` of sftsec.yaml may say."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import (
    BeforeValidator,
    Field,
    model_validator,
)

from sftsec_core.api.errors import unknown
from sftsec_core.api.settings.paths import ConfigPath
from sftsec_core.api.settings.rate import RateSetting
from sftsec_core.api.settings.secrets import SecretRef
from sftsec_core.api.settings.values import Duration, Strict

_OWNER = re.compile(r"[A-Za-z0-9_.-]{1,64}")


def _named_references(value: object) -> object:
    """Refuse what is no mapping of names, without a word of it: it may be the token itself."""
    if not isinstance(value, dict):
        raise ValueError("write a name and a reference for each: {splunk: env:NAME}")  # noqa: TRY004 - pydantic's
    if not all(isinstance(name, str) and _OWNER.fullmatch(name) for name in value):
        raise ValueError("a token's name is 1 to 64 letters, digits, dots, dashes or underscores")
    return value


class ServeSettings(Strict):
    """What `sftsec serve` answers, to whom, and where it listens."""

    host: str = Field("127.0.0.1", min_length=1, description="Where it listens.")
    port: int = Field(8765, ge=0, le=65535, description="0 takes one that is free.")
    certificate: ConfigPath | None = Field(
        None, description="PEM file of the certificate, with its chain; relative to sftsec.yaml."
    )
    key: ConfigPath | None = Field(None, description="PEM file of its key, not encrypted.")
    behind_proxy: bool = Field(
        False, description="Another program does TLS: plain http is allowed on any address."
    )
    tokens: Annotated[dict[str, SecretRef], BeforeValidator(_named_references)] = Field(
        default_factory=dict, description="Who may ask: a name for the log, where its token is."
    )
    analysts: tuple[str, ...] = Field(
        (),
        description="Names of `tokens` whose owners may label on the page /label; `sftsec labels "
        "request` puts incidents there when somebody may.",
    )
    tasks: tuple[str, ...] = Field((), description="Which may be scored; default: all.")
    max_batch: int = Field(1000, ge=1, le=100_000, description="Events a request.")
    max_body_bytes: int = Field(8 * 2**20, ge=1024, description="Bytes a request.")
    threads: int = Field(
        1, ge=1, le=64, description="Models that compute at once; one task's batches go one by one."
    )
    batch_events: int = Field(
        256,
        ge=1,
        le=100_000,
        description="Events of up to 2,000 characters that requests are scored by together.",
    )
    batch_wait: Duration = Field(
        timedelta(milliseconds=5),
        ge=timedelta(0),
        le=timedelta(seconds=1),
        description="How long a batch that is not full waits for requests that are being read.",
    )
    queue: int = Field(
        256, ge=1, le=100_000, description="Requests at once, of all tokens; past them 503."
    )
    queue_bytes: int = Field(
        256 * 2**20, ge=1024, description="Bytes of their bodies at once; past them 503."
    )
    rate: RateSetting | None = Field(
        None,
        description="Requests of a token; past them 429. 6000/m lets 6,000 come at once.",
    )
    event_rate: RateSetting | None = Field(
        None, description="Events of a token; who went past them waits with the next request."
    )
    drain: Duration = Field(
        timedelta(seconds=30),
        ge=timedelta(0),
        le=timedelta(hours=1),
        description="After SIGTERM: how long requests in hand are finished; new ones get 503.",
    )
    metrics: Literal["token", "open"] = Field(
        "token",
        description="Who may read /metrics: tokens with the role viewer, or anyone who reaches it.",
    )
    traces: str | None = Field(
        None,
        pattern=r"^https?://[^\s@]+$",
        description="Where a collector takes OTLP over HTTP (http://localhost:4318/v1/traces); it "
        "gets the spans of requests, batches and models. Needs the extra `otel`.",
    )
    max_connections: int = Field(
        256,
        ge=1,
        le=100_000,
        description="Open at once; then one without a request ends, or 503. Open files bound it.",
    )
    max_requests_per_token: int = Field(
        128, ge=1, le=100_000, description="Requests of a token at once; past them 429."
    )
    head_timeout: Duration = Field(
        timedelta(seconds=10),
        gt=timedelta(0),
        description="Within which a request's head must arrive; a TLS handshake too.",
    )
    body_timeout: Duration = Field(
        timedelta(seconds=30),
        gt=timedelta(0),
        description="Within which a request's body must arrive, and its response be read.",
    )

    wrong_token_delay: Duration = Field(
        timedelta(seconds=1),
        ge=timedelta(0),
        le=timedelta(seconds=10),
        description="How long the answer to a wrong token waits.",
    )

    @model_validator(mode="after")
    def _certificate_and_key_go_together(self) -> ServeSettings:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("certificate and key go together: name both or neither")
        return self

    @model_validator(mode="after")
    def _analysts_have_tokens(self) -> ServeSettings:
        for name in self.analysts:
            if name not in self.tokens:
                raise ValueError(f"analysts: {unknown('token', name, self.tokens)}")
        return self
