"""How wrong plugins are collected: each says which test of its contract must find it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from sftsec_core.testing import ConnectorContract
from sftsec_core.testing.connector.planted import Planted
from tests.contract.ledger import LedgerConnector, LedgerPlatform

Connector_T = TypeVar("Connector_T", bound=type[LedgerConnector])
WRONG: dict[str, tuple[type[LedgerConnector], str]] = {}


def caught_by(*tests: str) -> Callable[[Connector_T], Connector_T]:
    """Name the tests, each of which must find the connector."""

    def collect(kind: Connector_T) -> Connector_T:
        for test in tests:
            assert hasattr(ConnectorContract, test), f"the contract has no {test}"
            WRONG[f"{kind.__name__}-{test}"] = (kind, test)
        return kind

    return collect


def run(kind: type[LedgerConnector], test: str, folder: Path) -> None:
    """Run one test of the contract against a connector to a new ledger."""
    platform = type("Platform", (LedgerPlatform,), {"kind": kind})(folder)
    check = getattr(ConnectorContract(), test)
    arguments: dict[str, object] = {}
    for name in inspect.signature(check).parameters:
        arguments[name] = platform if name == "fresh" else Planted(platform)
    try:
        check(**arguments)
    except pytest.skip.Exception as skipped:
        pytest.fail(f"the fault would stay unseen: {skipped}")
