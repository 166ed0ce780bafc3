"""Has pictures decoded in a process of its own, which is started again when it dies."""

from __future__ import annotations

import json
import selectors
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Self

from sftsec_vision.decoder import OK

if TYPE_CHECKING:
    from types import TracebackType

_HEADER = 8
_ANSWER_BYTES = 64 << 20
_CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class DecodeLimits:
    """What the decoding of one picture may take.

    Attributes:
        max_pixels: width times height.
        max_side: of what is kept, in pixels.
        memory_bytes: address space of the process, its interpreter and Pillow included.
        cpu_s: CPU seconds.
        timeout_s: seconds.
    """

    max_pixels: int
    max_side: int
    memory_bytes: int
    cpu_s: int
    timeout_s: float


class UnusablePictureError(Exception):
    """A picture that cannot be used; its text says why and repeats nothing of it."""


class PictureDecoder:
    """One child process; a context manager that ends it."""

    def __init__(self, limits: DecodeLimits) -> None:
        """Take the limits; the child is started for the first picture."""
        self._limits = limits
        self._child: subprocess.Popen[bytes] | None = None

    def clean(self, picture: bytes) -> bytes:
        """Decode a picture and return its pixels as a PNG without metadata.

        Raises:
            UnusablePictureError: when it cannot be decoded within the limits.
        """
        child = self._started()
        try:
            answer = self._exchange(child, picture)
        except TimeoutError:
            self.close()
            most = self._limits.timeout_s
            raise UnusablePictureError(f"takes longer than {most:g} s to decode") from None
        except (OSError, EOFError):
            self.close()
            raise UnusablePictureError(
                "ends the process that decodes it, or takes more CPU time than it may"
            ) from None
        if answer[:1] != OK:
            raise UnusablePictureError(answer[1:].decode("utf-8", "replace"))
        return answer[1:]

    def close(self) -> None:
        """End the child, if there is one."""
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            child.wait()
            for pipe in (child.stdin, child.stdout):
                if pipe is not None:
                    pipe.close()

    def __enter__(self) -> Self:
        """Give the decoder."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the child."""
        self.close()

    def _started(self) -> subprocess.Popen[bytes]:
        if self._child is None or self._child.poll() is not None:
            self.close()
            limits = json.dumps({k: v for k, v in asdict(self._limits).items() if k != "timeout_s"})
            self._child = subprocess.Popen(
                [sys.executable, "-I", "-m", "sftsec_vision.decoder", limits],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={},
                cwd="/",
                bufsize=0,
            )
        return self._child

    def _exchange(self, child: subprocess.Popen[bytes], picture: bytes) -> bytes:
        """Send one picture and read one answer, both at once and in time."""
        deadline = time.monotonic() + self._limits.timeout_s
        _send(child, len(picture).to_bytes(_HEADER, "big") + picture, deadline)
        length = int.from_bytes(_receive(child, _HEADER, deadline), "big")
        if not 0 < length <= _ANSWER_BYTES:
            raise EOFError
        return _receive(child, length, deadline)


def _send(child: subprocess.Popen[bytes], content: bytes, deadline: float) -> None:
    import os

    assert child.stdin is not None  # noqa: S101 - it was made with a pipe
    file, rest = child.stdin.fileno(), memoryview(content)
    os.set_blocking(file, False)
    while rest:
        _wait(file, selectors.EVENT_WRITE, deadline)
        rest = rest[os.write(file, rest[:_CHUNK]) :]


def _receive(child: subprocess.Popen[bytes], length: int, deadline: float) -> bytes:
    import os

    assert child.stdout is not None  # noqa: S101 - it was made with a pipe
    file, parts, missing = child.stdout.fileno(), [], length
    while missing:
        _wait(file, selectors.EVENT_READ, deadline)
        part = os.read(file, min(missing, _CHUNK))
        if not part:
            raise EOFError
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)


def _wait(file: int, event: int, deadline: float) -> None:
    with selectors.DefaultSelector() as selector:
        selector.register(file, event)
        if not selector.select(max(0.0, deadline - time.monotonic())):
            raise TimeoutError
