"""What the plugin offers, found through the core as a site finds it."""

from __future__ import annotations

from types import ModuleType

import pytest

import sftsec_federated.hooks
from sftsec_core.api import ConfigError, RecipeSpec
from sftsec_core.plugins import Plugins
from sftsec_core.testing import PluginContract

TOKEN = {"token": "env:TOKEN"}


class TestHooks(PluginContract):
    def plugin(self) -> ModuleType:
        return sftsec_federated.hooks

    def test_site_needs_nothing_installed(self) -> None:
        spec = Plugins.of_modules(sftsec_federated.hooks).specs(RecipeSpec)["federated"]
        assert spec.missing() is None

    @pytest.mark.parametrize(
        ("options", "told"),
        [
            ({"server": "http://federation.example:1", **TOKEN}, "begins with https"),
            ({"server": "https://f.example", "token": "secret"}, "reference to a secret"),
            ({"server": "https://f.example", "noise": 1.0, **TOKEN}, "noise needs clip"),
            ({"server": "https://f.example", "key": "k.pem", **TOKEN}, "belong together"),
        ],
    )
    def test_wrong_settings_say_why(self, options: dict[str, object], told: str) -> None:
        spec = Plugins.of_modules(sftsec_federated.hooks).specs(RecipeSpec)["federated"]
        with pytest.raises(ConfigError, match=told):
            spec.configure(options)
