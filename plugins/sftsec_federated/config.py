"""Settings: of a site that joins, and of the server that joins the sites' models."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import ip_address
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from sftsec_core.api import ConfigPath, Duration, SecretRef, Strict

Method = Literal["reviewed", "mean", "trimmed_mean", "median", "krum"]


class FederatedConfig(Strict):
    """How a site joins a federation: what stands beside `name: federated` under `recipe`."""

    server: str = Field(
        pattern=r"^https?://[^/?#@\s]+$", description="https://host:port of the server."
    )
    token: SecretRef = Field(description="What the server knows this site by, as a reference.")
    ca_file: ConfigPath | None = Field(
        None, description="Authority of the server's certificate; default: the system's."
    )
    certificate: ConfigPath | None = Field(
        None, description="Client certificate (PEM), where the server asks for one."
    )
    key: ConfigPath | None = Field(None, description="Its private key (PEM).")
    clip: float | None = Field(
        None, gt=0, description="Bound on the length of this site's update; needed for noise."
    )
    noise: float = Field(
        0.0, ge=0, le=100, description="Gaussian noise on the update, in units of `clip`."
    )
    retry_timeout: Duration = Field(
        timedelta(minutes=10), description="For so long a server that does not answer is asked."
    )
    drill: float = Field(
        1.0, ge=-1000, le=1000, description="For drills: multiplies what this site sends."
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.server.startswith("http:") and not is_loopback(self.server[7:]):
            raise ValueError("the server's address begins with https://, except on loopback")
        if (self.certificate is None) != (self.key is None):
            raise ValueError("certificate and key belong together: give both or neither")
        if self.noise and self.clip is None:
            raise ValueError("noise needs clip: without a bound it hides nothing")
        return self


class FederationSettings(Strict):
    """The file that `sftsec federated serve` reads."""

    listen: str = Field("127.0.0.1:8470", pattern=r"^\S+:\d{1,5}$", description="host:port.")
    certificate: ConfigPath | None = Field(None, description="TLS certificate (PEM).")
    key: ConfigPath | None = Field(None, description="Its private key (PEM).")
    client_ca: ConfigPath | None = Field(
        None, description="Authority of the sites' certificates; set, each site must show one."
    )
    state: ConfigPath = Field(description="Folder from which a killed server goes on.")
    sites: dict[str, SecretRef] = Field(
        min_length=2, description="Each site's name to its token, as a reference."
    )
    labels: list[str] = Field(min_length=2, description="The classes, in any order.")
    numbers: list[str] = Field([], description="NUMBER inputs of each site's task.")
    categories: list[str] = Field([], description="CATEGORY inputs of each site's task.")
    places: int = Field(
        16_384, ge=256, le=1_048_576, description="Places that the hashed n-grams share."
    )
    max_chars: int = Field(20_000, ge=1, le=1_000_000, description="Characters read of a text.")
    rounds: int = Field(3, ge=1, le=100)
    steps: int = Field(40, ge=1, le=1000, description="Steps of each site's training, a round.")
    polish: int = Field(
        20, ge=0, le=200, description="Gradients asked of each site after the rounds; 0: none."
    )
    method: Method = Field("reviewed", description="How the models are joined.")
    hostile: int = Field(1, ge=1, description="Sites that trimmed_mean and krum expect to lie.")
    min_sites: int = Field(2, ge=2, description="Below so many updates a round is not joined.")
    wait: Duration = Field(
        timedelta(minutes=2), description="For sites beyond min_sites, before the first round."
    )
    round_timeout: Duration = Field(
        timedelta(minutes=10), description="A site that has not answered by then is left out."
    )
    linger: Duration = Field(
        timedelta(minutes=30), description="For sites to fetch the model, after the last round."
    )

    @field_validator("sites")
    @classmethod
    def _named(cls, sites: dict[str, SecretRef]) -> dict[str, SecretRef]:
        for name in sites:
            if not name.replace("-", "").replace("_", "").isalnum():
                raise ValueError(f"site {name!r}: letters, digits, dashes and underscores only")
        return sites

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.certificate is None and not is_loopback(self.listen):
            raise ValueError("outside loopback the server needs certificate and key: set both")
        if (self.certificate is None) != (self.key is None):
            raise ValueError("certificate and key belong together: give both or neither")
        if self.client_ca is not None and self.certificate is None:
            raise ValueError("client_ca needs TLS: set certificate and key")
        if self.min_sites > len(self.sites):
            raise ValueError(
                f"min_sites is {self.min_sites}, and {len(self.sites)} sites are named"
            )
        if len(set(self.labels)) != len(self.labels):
            raise ValueError("labels: one of them stands there twice")
        return self

    def terms(self) -> dict[str, object]:
        """What all sites must agree on, as JSON."""
        return {
            "labels": sorted(self.labels),
            "numbers": sorted(self.numbers),
            "categories": sorted(self.categories),
        }


def is_loopback(address: str) -> bool:
    """Whether host:port is of this machine alone."""
    host = address.rpartition(":")[0] or address
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"
