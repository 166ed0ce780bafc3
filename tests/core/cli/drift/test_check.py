"""`sftsec drift check`: a site that scores what it was trained on, and then something else."""

from __future__ import annotations

import json

import yaml

from tests.core.cli.invoke import error_of, invoke, json_of, printed
from tests.e2e.site import Site


def narrow(site: Site) -> None:
    """Let a window have 100 events."""
    settings = yaml.safe_load(site.config.read_text(encoding="utf-8"))
    site.config.write_text(yaml.safe_dump({**settings, "drift": {"window": 100}}), encoding="utf-8")


def add(site: Site, count: int) -> None:
    """Add events of another kind."""
    rows = (
        {"id": f"foreign-{n}", "message": f"kernel: oom-killer pid {n * 7919:x} cgroup /sys/{n}"}
        for n in range(count)
    )
    file = site.folder / "incidents" / "foreign.jsonl"
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")


class TestCheck:
    def test_waits_for_a_full_window(self, site: Site) -> None:
        printed(site, "score", "triage")
        assert printed(site, "drift", "check", "triage") == (
            "no window is full yet: 60 of 500 events of the next window are scored\n"
        )

    def test_names_what_has_drifted(self, site: Site) -> None:
        narrow(site)
        add(site, 100)
        printed(site, "score", "triage")
        result = invoke(site, "drift", "check", "triage")
        assert result.exit_code == 0, result.output
        assert "1 new windows, 1 with a drift; 60 of 100 events" in result.stdout
        assert "(text)" in result.stdout
        assert result.stderr.endswith("next: sftsec retrain triage\n")
        again = json_of(site, "drift", "check", "triage")
        assert (again["drifted"], again["windows"][0]["drifted"]) == (False, True)
        figures = {each["name"] for each in json_of(site, "drift", "show", "triage")}
        assert {"input_drift", "score_drift"} <= figures

    def test_refuses_an_unknown_task(self, site: Site) -> None:
        assert "did you mean 'triage'" in str(error_of(site, "drift", "check", "triag"))
