"""What the plugin offers, found through the core as a site finds it."""

from __future__ import annotations

import subprocess
import sys
from types import ModuleType

import sftsec_core.builtin
import sftsec_ray.hooks
from sftsec_core.api import LauncherSpec
from sftsec_core.plugins import Plugins
from sftsec_core.testing import PluginContract


class TestHooks(PluginContract):
    def plugin(self) -> ModuleType:
        return sftsec_ray.hooks

    def test_offer_the_launcher(self) -> None:
        plugins = Plugins.of_modules(sftsec_core.builtin, sftsec_ray.hooks)
        assert set(plugins.specs(LauncherSpec)) == {"local", "ray"}
        assert not plugins.specs(LauncherSpec)["ray"].local

    def test_do_not_import_ray(self) -> None:
        program = "import sys, sftsec_ray.hooks, sftsec_ray.launcher; print('ray' in sys.modules)"
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True
        )
        assert done.stdout == "False\n"
