from __future__ import annotations

from typing import Any

import pytest

from sftsec_core.api import ConfigError
from sftsec_ray.hooks import sftsec_register_launchers

LAUNCHER = sftsec_register_launchers()[0]


class TestRayLauncherSettings:
    @pytest.mark.parametrize("address", ["auto", "10.0.0.1:6379", "head.example:6379"])
    def test_takes_a_head_nodes_address(self, address: str) -> None:
        assert LAUNCHER.configure({"address": address}).address == address

    @pytest.mark.parametrize("address", ["ray://head:10001", "head", "head:", ":6379", ""])
    def test_refuses_another_address(self, address: str) -> None:
        with pytest.raises(ConfigError, match="HOST:PORT of the head node"):
            LAUNCHER.configure({"address": address})

    @pytest.mark.parametrize(
        ("given", "message"),
        [
            ({"gpus": 1.5}, "a part of one, or a whole number"),
            ({"cpus": 0}, "greater than 0"),
            ({"token": "s3cret"}, "a reference to a secret"),
            ({"adress": "auto"}, "Extra inputs"),
        ],
    )
    def test_refuses_wrong_values(self, given: dict[str, Any], message: str) -> None:
        with pytest.raises(ConfigError, match=message):
            LAUNCHER.configure(given)

    def test_survives_the_way_to_the_driver(self) -> None:
        given = LAUNCHER.configure({"memory": "8GB", "wait": "2h", "token": "env:A", "gpus": 2})
        assert type(given).model_validate_json(given.model_dump_json()) == given
