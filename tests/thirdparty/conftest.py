"""The example is a project of its own: it is built and installed by a test, then tests itself."""

from __future__ import annotations

collect_ignore = ["sftsec_example"]
