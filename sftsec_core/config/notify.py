"""Who is told of what happens: `notify` in sftsec.yaml."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from sftsec_core.api.settings.addresses import check_urls, is_loopback
from sftsec_core.api.settings.paths import ConfigPath
from sftsec_core.api.settings.secrets import SecretRef, is_reference
from sftsec_core.api.settings.values import Duration, Strict

NoticeKind = Literal["drift", "quality", "run_failed", "refused", "promotion"]
KINDS: tuple[NoticeKind, ...] = ("drift", "quality", "run_failed", "refused", "promotion")


class WebhookSettings(Strict):
    """A program that is told by a signed request."""

    url: str = Field(
        description="Its https address, or a reference to a secret where the address is one."
    )
    secret: SecretRef = Field(
        description="Where the key of the signature is: whsec_ and 24 or more bytes in base64, or "
        "24 or more characters (openssl rand -base64 32)."
    )
    ca_file: ConfigPath | None = Field(
        None, description="PEM file of the authorities to trust; default: the system's."
    )

    @field_validator("url")
    @classmethod
    def _is_private(cls, url: str) -> str:
        if not is_reference(url):
            check_address(url)
        return url


def check_address(url: str) -> None:
    """Refuse what is no address of a webhook, or one that others on the way can read.

    Raises:
        ValueError: without repeating the address.
    """
    check_urls([url], "https://host/path")
    parts = urlsplit(url)
    if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
        raise ValueError("a webhook's address begins with https://")


class MailSettings(Strict):
    """Whom an e-mail is sent to."""

    host: str = Field(min_length=1, description="The mail server.")
    port: int = Field(587, ge=1, le=65535)
    tls: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="none is allowed on this machine alone, and without a login."
    )
    user: str | None = Field(None, description="The login's name; default: none.")
    password: SecretRef | None = Field(None, description="Where the login's password is.")
    sender: str = Field(alias="from", pattern=r"^[^\s@]+@[^\s@]+$", description="Its sender.")
    to: tuple[str, ...] = Field(min_length=1, description="Its recipients.")
    ca_file: ConfigPath | None = Field(
        None, description="PEM file of the authorities to trust; default: the system's."
    )

    @model_validator(mode="after")
    def _login_is_private(self) -> MailSettings:
        if (self.user is None) != (self.password is None):
            raise ValueError("user and password go together: name both or neither")
        if self.tls == "none" and (self.user is not None or not is_loopback(self.host)):
            raise ValueError("tls: none is allowed on this machine alone, and without a login")
        return self


class NotifySettings(Strict):
    """One place that is told, and of what."""

    events: tuple[NoticeKind, ...] = Field(KINDS, min_length=1, description="What it is told of.")
    tasks: tuple[str, ...] = Field((), description="Of which tasks; default: all.")
    cool_down: Duration = Field(
        timedelta(hours=6),
        ge=timedelta(0),
        description="How long the same notification is not repeated.",
    )
    webhook: WebhookSettings | None = None
    mail: MailSettings | None = None
    connector: str | None = Field(
        None, description="The connector of a SIEM that gets an event, beside the audit log's copy."
    )

    @model_validator(mode="after")
    def _is_told_somehow(self) -> NotifySettings:
        if self.webhook is None and self.mail is None and self.connector is None:
            raise ValueError("name a webhook, a mail or a connector")
        return self
