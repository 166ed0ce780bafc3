"""What `gpu` of sftsec.yaml may say."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import (
    BeforeValidator,
    ByteSize,
    Field,
    WithJsonSchema,
)

from sftsec_core.api.settings.values import Duration, Fraction, Strict

_DEVICE = re.compile(r"^(\d+(:\d+)?|(GPU|MIG)-[0-9A-Za-z/-]+)$")


def _device_name(value: object) -> object:
    """Read an index, which YAML takes for a number, as the text that it is here."""
    name = str(value)
    if isinstance(value, int) and value >= 60:
        # YAML 1.1 takes 1:0 for a minute; no machine has so many GPUs.
        name = f"{value // 60}:{value % 60}"
    if isinstance(value, bool) or not _DEVICE.fullmatch(name):
        raise ValueError("write an index (0; 0:1 for a MIG slice) or a UUID (GPU-..., MIG-...)")
    return name


def _device_names(value: object) -> object:
    """Read indices, which YAML takes for numbers, as the texts that they are here."""
    if isinstance(value, list | tuple):
        return [str(each) if isinstance(each, int) else each for each in value]
    return value


DeviceName = Annotated[
    str,
    BeforeValidator(_device_name),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 0},
                {"type": "string", "pattern": _DEVICE.pattern},
            ]
        }
    ),
]


class GpuSettings(Strict):
    """Which GPUs runs may lease, and what happens when none is free; takes the extra `gpu`."""

    allow: tuple[DeviceName, ...] = Field(
        (),
        description="Indices (0; 0:1 for a MIG slice) or UUIDs (GPU-..., MIG-...) of those that "
        "may be leased; default: all that CUDA_VISIBLE_DEVICES leaves.",
    )
    min_free: ByteSize = Field(
        ByteSize(2 * 2**30),
        ge=0,
        description="Memory that must be free on a GPU before it is leased (2GiB); a task may "
        "need more (`train.needs.memory`).",
    )
    max_foreign: Fraction = Field(
        0.2,
        description="Fraction of a GPU's memory that processes other than the run's may hold; "
        "beyond it the GPU is not leased, and a run on it ends to be resumed elsewhere.",
    )
    fallback: Literal["cpu", "wait"] = Field(
        "cpu",
        description="When no GPU is free: `cpu` trains tasks there whose `train.device` does not "
        "ask for one, `wait` lets every task wait.",
    )
    wait: Duration = Field(
        timedelta(minutes=30),
        ge=timedelta(0),
        description="How long a run waits for a GPU; then it ends, to be resumed.",
    )
    lease: Duration = Field(
        timedelta(minutes=1),
        ge=timedelta(seconds=3),
        description="How long a lease lasts after its last renewal: what a killed run held is "
        "free after it.",
    )
    watch: Duration = Field(
        timedelta(seconds=5),
        ge=timedelta(seconds=1),
        description="How often a run looks at its GPUs: lost, released or taken by others.",
    )
    rest: Duration = Field(
        timedelta(minutes=30),
        ge=timedelta(0),
        description="How long a GPU that a run lost is not leased again.",
    )
