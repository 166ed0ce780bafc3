"""A right connector keeps the contract, and the contract finds those that are wrong."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from sftsec_core.api.errors import ConnectorError
from sftsec_core.testing import ConnectorContract
from tests.contract import wrong_cursors, wrong_faults, wrong_parts, wrong_pulls, wrong_pushes
from tests.contract.ledger import LedgerPlatform, RefusedError
from tests.contract.wrong import WRONG, run

MODULES = (wrong_cursors, wrong_faults, wrong_parts, wrong_pulls, wrong_pushes)
FOUND = (
    AssertionError,  # the test's own; or else what a connector lets out instead of its result
    pytest.fail.Exception,
    ConnectorError,
    RefusedError,
    OSError,
    TypeError,
    ValueError,
    ZeroDivisionError,
    sqlite3.Error,
)


class TestARightConnector(ConnectorContract):
    """Everything, inherited."""

    platform = LedgerPlatform


class PartedPlatform(LedgerPlatform):
    kind = wrong_parts.PartedLedger


class TestARightPartedConnector(ConnectorContract):
    """Everything, with parts."""

    platform = PartedPlatform


@pytest.mark.parametrize("name", WRONG)
def test_contract_finds_a_wrong_connector(name: str, tmp_path: Path) -> None:
    kind, test = WRONG[name]
    with pytest.raises(FOUND):
        run(kind, test, tmp_path)


def test_each_contract_test_finds_a_wrong_connector() -> None:
    """One that no wrong connector fails may be a test that cannot fail."""
    tests = {name for name in dir(ConnectorContract) if name.startswith("test_")}
    assert tests - {test for _, test in WRONG.values()} == {
        "test_pull_may_be_left_half_way",  # ... but with a platform that blocks
    }
