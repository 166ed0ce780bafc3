"""`sftsec plugins check`: what the enabled plugins register."""

from __future__ import annotations

import yaml

from sftsec_core.api.errors import PluginError
from sftsec_core.plugins import KINDS
from tests.core.cli.invoke import error_of, invoke, json_of, printed
from tests.e2e.site import Site


class TestCheck:
    def test_lists_every_kind_of_the_enabled(self, site: Site) -> None:
        offered = json_of(site, "plugins", "check")
        assert list(offered) == [kind.kind for kind in KINDS]
        assert set(offered["connector type"]) == {"files"}
        assert set(offered["step"]) == {"normalise", "redact", "decode"}
        shown = printed(site, "plugins", "check")
        assert offered["step"]["redact"] in shown

    def test_broken_plugin_is_named_after_the_list(self, site: Site) -> None:
        settings = yaml.safe_load(site.config.read_text(encoding="utf-8"))
        settings["plugins"] = ["core", "file"]
        site.config.write_text(yaml.safe_dump(settings), encoding="utf-8")
        error = error_of(site, "plugins", "check")
        assert isinstance(error, PluginError)
        assert "unknown plugin 'file', did you mean 'files'?" in str(error)
        assert "normalise" in invoke(site, "plugins", "check").stdout
