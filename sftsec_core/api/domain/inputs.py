"""Typed inputs: what a model reads of an incident, and the digest that identifies it."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

DIGEST_BYTES = 16
TEXT_INPUT = "text"


class InputKind(StrEnum):
    """What an input's value is.

    TEXT: str. NUMBER: float. CATEGORY: str, one of few or many names without an order.
    IMAGE: `Blob`. SEQUENCE: a tuple of str, in order. None where the value is missing, except
    that a missing text is "".
    """

    TEXT = "text"
    NUMBER = "number"
    CATEGORY = "category"
    IMAGE = "image"
    SEQUENCE = "sequence"


@dataclass(frozen=True, slots=True)
class InputField:
    """One input of a task.

    Attributes:
        name: unique within the task.
        kind: the type of its value.
        sources: dotted names of the incident's fields that it is made of; several only for
            TEXT, whose values are joined with newlines in this order; none for what the
            task's `context` makes of the events before it: figures, and a SEQUENCE of their texts.
        fallback: of TEXT, fields that are read where none of `sources` has a value.
    """

    name: str
    kind: InputKind
    sources: tuple[str, ...]
    fallback: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Read what `dataclasses.asdict` and JSON made of one.

        Raises:
            KeyError, ValueError: when it holds something else.
        """
        kind, fallback = InputKind(values["kind"]), values.get("fallback", ())
        return cls(values["name"], kind, tuple(values["sources"]), tuple(fallback))

    @property
    def fields(self) -> tuple[str, ...]:
        """The dotted names of all fields that it may be made of."""
        return (*self.sources, *self.fallback)


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes that are identified by their SHA-256 and read only when they are needed.

    Attributes:
        sha256: hex digest of the content.
        path: the file that holds the content; None when it is in memory.
        content: the bytes; None when they are in a file.
    """

    sha256: str
    path: Path | None = field(default=None, compare=False)
    content: bytes | None = field(default=None, compare=False, repr=False)

    @classmethod
    def of(cls, source: bytes | Path) -> Self:
        """Name bytes, or the content of a file, by their digest.

        Raises:
            OSError: when the file cannot be read.
        """
        if isinstance(source, bytes):
            return cls(hashlib.sha256(source).hexdigest(), content=source)
        with source.open("rb") as file:
            return cls(hashlib.file_digest(file, "sha256").hexdigest(), path=source)

    def read(self) -> bytes:
        """Return the content.

        Raises:
            OSError: when the file cannot be read.
            ValueError: when the content is not the one that the digest names.
        """
        content = self.content
        if content is None:
            if self.path is None:
                raise ValueError(f"blob {self.sha256[:12]} has neither content nor a file")
            content = self.path.read_bytes()
        if hashlib.sha256(content).hexdigest() != self.sha256:
            raise ValueError(f"blob {self.sha256[:12]}: {self.path or 'it'} holds other bytes")
        return content


InputValue = str | float | tuple[str, ...] | Blob | None
Inputs = Mapping[str, InputValue]


def canonical_bytes(inputs: Inputs) -> bytes:
    """Encode inputs so that equal inputs, and no others, are equal bytes.

    A lone text is its own UTF-8 bytes; anything else is framed: name, kind and value of each
    input that is not missing, by name, each with its length.
    """
    if len(inputs) == 1:
        (only,) = inputs.values()
        if isinstance(only, str) and TEXT_INPUT in inputs:
            return _utf8(only)
    parts = [b"\x00"]
    for name in sorted(inputs):
        value = inputs[name]
        if value is not None and value != "":
            kind, raw = _encode(value)
            parts += [_framed(_utf8(name)), kind, _framed(raw)]
    return b"".join(parts)


def inputs_digest(inputs: Inputs) -> str:
    """Hex BLAKE2b-128 of the inputs: the identity for duplicates, leaks and score caches."""
    return hashlib.blake2b(canonical_bytes(inputs), digest_size=DIGEST_BYTES).hexdigest()


def describe_inputs(inputs: Inputs) -> str:
    """Show inputs to a reader: the text, then each other value as "name: value" on its own line."""
    text = inputs.get(TEXT_INPUT)
    shown = [text] if isinstance(text, str) and text else []
    shown += [
        f"{name}: {_shown(value)}"
        for name, value in inputs.items()
        if name != TEXT_INPUT and value is not None and value != ""
    ]
    return "\n".join(shown)


def _encode(value: str | float | tuple[str, ...] | Blob) -> tuple[bytes, bytes]:
    if isinstance(value, str):
        return b"s", _utf8(value)
    if isinstance(value, Blob):
        return b"b", value.sha256.encode("ascii")
    if isinstance(value, tuple):
        return b"q", b"".join(_framed(_utf8(item)) for item in value)
    return b"n", struct.pack("<d", float(value) + 0.0)  # -0.0 + 0.0 is 0.0: one zero


def _framed(raw: bytes) -> bytes:
    return struct.pack("<Q", len(raw)) + raw


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _shown(value: InputValue) -> str:
    if isinstance(value, Blob):
        return f"sha256 {value.sha256[:12]}"
    if isinstance(value, tuple):
        return ", ".join(value)
    return f"{value:g}" if isinstance(value, float) else str(value)
