"""The section `access`: roles are checked when the configuration is read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sftsec_core.api.errors import ConfigError
from sftsec_core.config.access import ROLE_NAMES
from sftsec_core.config.load import validate
from sftsec_core.config.settings import Settings
from sftsec_core.operations.authorize import ROLES

TASK = {"connector": "siem", "text": ["m"], "labels": {"a": ["a"], "b": ["b"]}, "benign": "a"}


def read(**access: Any) -> Settings:
    whole = {
        "connectors": {"siem": {"type": "files", "paths": ["x"]}},
        "tasks": {"mail": TASK},
        "access": access,
    }
    return validate(Settings, whole, file=Path("sftsec.yaml"))


class TestOsUsers:
    def test_roles_are_those_of_the_code(self) -> None:
        assert set(ROLE_NAMES) == set(ROLES)

    def test_have_roles_on_tasks(self) -> None:
        found = read(os_users={"alice": ["operator"], "%soc": ["analyst@mail"]}).access
        assert found is not None
        assert found.os_users == {"alice": ("operator",), "%soc": ("analyst@mail",)}

    @pytest.mark.parametrize(
        ("role", "told"),
        [
            ("operater", "did you mean 'operator'"),
            ("Admin", "unknown role"),
            ("admin@", "names no task"),
            ("admin@proxy", "unknown task 'proxy'"),
            ("@mail", "unknown role"),
        ],
    )
    def test_wrong_role_is_refused(self, role: str, told: str) -> None:
        with pytest.raises(ConfigError, match=told):
            read(os_users={"alice": [role]})
