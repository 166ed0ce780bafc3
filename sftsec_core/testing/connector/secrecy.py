"""Secrets stay where they are."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sftsec_core.testing.connector.planted import EVERYTHING, Planted, connected
from sftsec_core.testing.connector.planting import detections_for, incidents_for

if TYPE_CHECKING:
    from sftsec_core.api.contracts import Connector
    from sftsec_core.testing.connector.platform import Platform


class SecretChecks:
    """No value of a secret stands in a repr, an error or a line of the log."""

    def test_no_repr_shows_a_secret(self, planted: Planted) -> None:
        """A repr ends in logs, in tracebacks and in bug reports."""
        platform = planted.platform
        secrets = platform.secrets()
        config = platform.spec().configure(platform.options())
        with connected(platform) as connector:
            next(iter(connector.pull(EVERYTHING)))
            shown = [repr(connector), str(connector), repr(config), config.model_dump_json()]
            shown += [repr(value) for value in _attributes(connector)]
        _hides(secrets, shown)

    def test_no_log_line_shows_a_secret(self, planted: Planted) -> None:
        """At any level: someone will turn on debugging."""
        secrets = planted.platform.secrets()
        with _logged() as lines:
            _try_all(planted.platform)
            with planted.platform.unreachable():
                _try_all(planted.platform)
        _hides(secrets, lines)

    def test_no_error_shows_a_secret(self, planted: Planted) -> None:
        """Neither the error nor what caused it, which `--debug` shows."""
        secrets = planted.platform.secrets()
        with planted.platform.unreachable():
            shown = _try_all(planted.platform)
        assert shown, "an unreachable platform gives no error"
        _hides(secrets, shown)


def _try_all(platform: Platform) -> list[str]:
    """Use a connector in each way; return what it says of errors."""
    shown: list[str] = []
    detections = detections_for(platform, incidents_for(platform)[:1], model="9")

    def check(connector: Connector) -> None:
        shown.extend(connector.check())

    def read(connector: Connector) -> None:
        next(iter(connector.pull(EVERYTHING)), None)

    def write(connector: Connector) -> None:
        connector.push(detections)

    with connected(platform) as connector:
        for use in (check, read, write):
            try:
                use(connector)
            except Exception as error:  # noqa: BLE001 - another test finds a raw exception
                shown += _chain(error)
    return shown


def _hides(secrets: Sequence[str], shown: Sequence[str]) -> None:
    assert all(secrets), "secrets() gives an empty one"
    found = sum(secret in text for secret in secrets for text in shown)
    assert found == 0, f"a secret stands in {found} of {len(shown)} texts"


def _attributes(connector: Connector) -> Iterator[object]:
    yield from getattr(connector, "__dict__", {}).values()


def _chain(error: BaseException | None) -> Iterator[str]:
    while error is not None:
        yield f"{error!r} {error} {error.args}"
        error = error.__cause__ or error.__context__


@contextmanager
def _logged() -> Iterator[list[str]]:
    """Collect what all loggers say meanwhile, at every level."""
    lines: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.DEBUG)
    root.addHandler(handler)
    try:
        yield lines
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
