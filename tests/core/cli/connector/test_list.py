"""`sftsec connector list`: the connectors of the configuration, and who uses them."""

from __future__ import annotations

import yaml

from tests.core.cli.invoke import json_of, printed
from tests.e2e.site import Site


class TestList:
    def test_names_tasks_that_pull_or_push(self, site: Site) -> None:
        settings = yaml.safe_load(site.config.read_text(encoding="utf-8"))
        settings["connectors"]["archive"] = {"type": "files", "paths": ["incidents"]}
        settings["connectors"]["spare"] = {"type": "files", "paths": ["incidents"]}
        settings["tasks"]["triage"]["push_to"] = "archive"
        site.config.write_text(yaml.safe_dump(settings), encoding="utf-8")
        assert json_of(site, "connector", "list") == [
            {"name": "archive", "type": "files", "tasks": ["triage"]},
            {"name": "incidents", "type": "files", "tasks": ["triage"]},
            {"name": "spare", "type": "files", "tasks": []},
        ]
        (line,) = (row for row in printed(site, "connector", "list").splitlines() if "spare" in row)
        assert line.split()[-2] == "-"
