"""What sftsec.yaml may say of a Ray cluster."""

from __future__ import annotations

from datetime import timedelta
from typing import Self

from pydantic import ByteSize, Field, field_validator, model_validator

from sftsec_core.api import ConfigPath, Duration, SecretRef, Strict


class TlsSettings(Strict):
    """Ray's own TLS: the same authority on each node, a certificate of its own for each."""

    certificate: ConfigPath = Field(description="This machine's certificate, PEM.")
    key: ConfigPath = Field(description="Its private key, PEM.")
    authority: ConfigPath = Field(description="The authority that signed all of them, PEM.")


class ClusterSettings(Strict):
    """Which cluster, and how it is talked to."""

    address: str | None = Field(
        None,
        description="HOST:PORT of the head node, or `auto` for the cluster that this machine is a "
        "node of; none: a cluster of this machine alone, for as long as it is needed.",
    )
    token: SecretRef | None = Field(
        None, description="The cluster's token, where it asks for one (RAY_AUTH_MODE=token)."
    )
    tls: TlsSettings | None = Field(None, description="Where the cluster speaks TLS.")

    @field_validator("address")
    @classmethod
    def _of_a_head_node(cls, address: str | None) -> str | None:
        """A client's address (ray://) would hide the nodes' deaths behind a proxy."""
        if address is None or address == "auto":
            return address
        host, _, port = address.rpartition(":")
        if "/" in address or not host or not port.isdecimal():
            raise ValueError(
                "HOST:PORT of the head node, such as 10.0.0.1:6379, or auto; this machine joins "
                "the cluster by `ray start --address HOST:PORT --num-cpus 0`"
            )
        return address


class RayLauncherSettings(ClusterSettings):
    """Where an order is carried out, and what it may take there."""

    cpus: float = Field(1, gt=0, description="Processors that the order reserves on its node.")
    gpus: float = Field(
        0, ge=0, description="GPUs that it reserves; with 0 it trains on the processor."
    )
    memory: ByteSize | None = Field(
        None, description="Memory that it reserves, such as 8GB; a reservation, not a limit."
    )
    shared: bool = Field(
        False,
        description="The nodes see the state folder and the folder of sftsec.yaml under the same "
        "paths: examples are read there, and do not travel.",
    )
    folder: str | None = Field(
        None, description="Where a node keeps a run's files meanwhile; default: its /tmp."
    )
    most: ByteSize = Field(
        ByteSize(20 * 10**9), gt=0, description="Bytes that may travel in one direction at a time."
    )
    replacements: int = Field(
        3, ge=0, le=100, description="Workers that may die before the run is given up."
    )
    fetch: Duration = Field(
        timedelta(seconds=5),
        description="How often new checkpoints are fetched from the node while it trains.",
    )
    wait: Duration = Field(
        timedelta(minutes=30), description="How long the order may wait for a node with room."
    )

    @model_validator(mode="after")
    def _whole_gpus(self) -> Self:
        """Ray lends parts of one GPU, and beyond one whole ones only."""
        if self.gpus > 1 and not self.gpus.is_integer():
            raise ValueError("gpus: a part of one, or a whole number")
        return self
