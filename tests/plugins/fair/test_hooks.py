"""What the plugin offers, found through the core as a site finds it."""

from __future__ import annotations

from types import ModuleType

import sftsec_core.builtin
import sftsec_fair.hooks
from sftsec_core.api import AuditSpec, DeciderSpec, TransformSpec, VoterSpec
from sftsec_core.plugins import Plugins
from sftsec_core.testing import PluginContract


class TestHooks(PluginContract):
    def plugin(self) -> ModuleType:
        return sftsec_fair.hooks

    def test_offer_one_of_each_kind(self) -> None:
        plugins = Plugins.of_modules(sftsec_core.builtin, sftsec_fair.hooks)
        assert "fairness" in plugins.specs(AuditSpec)
        assert "reweigh" in plugins.specs(TransformSpec)
        assert "group_threshold" in plugins.specs(DeciderSpec)
        assert "max_group_gap" in plugins.specs(VoterSpec)

    def test_fields_of_groups_are_asked_for(self) -> None:
        plugins = Plugins.of_modules(sftsec_core.builtin, sftsec_fair.hooks)
        audit, transform = plugins.specs(AuditSpec)["fairness"], plugins.specs(TransformSpec)
        asked = audit.configure({"fields": ["unit", "connector", "script"]})
        assert list(audit.groups_by(asked)) == ["unit"]
        weigh = transform["reweigh"]
        assert list(weigh.groups_by(weigh.configure({"field": "unit"}))) == ["unit"]
        assert list(weigh.groups_by(weigh.configure({"field": "connector"}))) == []
