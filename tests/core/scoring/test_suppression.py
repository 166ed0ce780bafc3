"""The suppressors of a task are asked in its order, each with its own settings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from pydantic import BaseModel

from sftsec_core.api.contracts import SuppressorSpec
from sftsec_core.api.domain import Detection, Suppression
from sftsec_core.api.errors import ConfigError, NotFoundError
from sftsec_core.api.hookspecs import hookimpl
from sftsec_core.plugins import Plugins
from sftsec_core.scoring.suppression import suppressor
from sftsec_core.testing import make_detections

DETECTION = make_detections(1)[0]


class Hosts(BaseModel):
    """Hosts whose detections are suppressed."""

    hosts: tuple[str, ...] = ()


class Suppressors:
    """Two suppressors: `scanner` and `maintenance`."""

    @hookimpl
    def sftsec_register_suppressors(self) -> Sequence[SuppressorSpec[Any]]:
        return [self.of("scanner"), self.of("maintenance")]

    def of(self, name: str) -> SuppressorSpec[Hosts]:
        def suppress(config: Hosts, detection: Detection) -> Suppression | None:
            host = detection.fields.get("host.name")
            return Suppression(f"{name} of {host}") if host in config.hosts else None

        return SuppressorSpec(name=name, summary=name, config_model=Hosts, suppress=suppress)


def of_host(name: str) -> Detection:
    return replace(DETECTION, fields={"host.name": name})


def suppress(**named: dict[str, Any]) -> Callable[[Detection], Suppression | None]:
    return suppressor(named, Plugins.of_modules(Suppressors()))


class TestSuppressor:
    def test_first_reason_in_order_counts(self) -> None:
        both = {"hosts": ["h1"]}
        first = suppress(maintenance=both, scanner=both)(of_host("h1"))
        assert first == Suppression("maintenance of h1")
        assert suppress(scanner=both, maintenance=both)(of_host("h1")) == Suppression(
            "scanner of h1"
        )

    def test_asks_the_next_without_a_reason(self) -> None:
        ask = suppress(scanner={"hosts": ["h1"]}, maintenance={"hosts": ["h2"]})
        assert ask(of_host("h2")) == Suppression("maintenance of h2")
        assert ask(of_host("h3")) is None

    def test_without_suppressors_nothing_is_suppressed(self) -> None:
        assert suppress()(of_host("h1")) is None

    def test_wrong_name_or_settings_are_refused(self) -> None:
        with pytest.raises(NotFoundError, match="did you mean 'scanner'"):
            suppress(scaner={})
        with pytest.raises(ConfigError, match="hosts"):
            suppress(scanner={"hosts": 5})
