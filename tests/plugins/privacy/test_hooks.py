"""What the plugin offers, found through the core as a site finds it."""

from __future__ import annotations

from types import ModuleType

import sftsec_core.builtin
import sftsec_privacy.hooks
from sftsec_core.api import AuditSpec, RecipeSpec, VoterSpec
from sftsec_core.plugins import Plugins
from sftsec_core.testing import PluginContract


class TestHooks(PluginContract):
    def plugin(self) -> ModuleType:
        return sftsec_privacy.hooks

    def test_offer_one_of_each_kind(self) -> None:
        plugins = Plugins.of_modules(sftsec_core.builtin, sftsec_privacy.hooks)
        assert "privacy" in plugins.specs(AuditSpec)
        assert "max_membership_auc" in plugins.specs(VoterSpec)
        recipe = plugins.specs(RecipeSpec)["private_linear"]
        assert [each.module for each in recipe.requires] == ["opacus"]
