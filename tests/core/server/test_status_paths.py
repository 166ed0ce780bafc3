"""Which paths are status pages, and where a log-in may lead."""

from __future__ import annotations

import pytest

from sftsec_core.server.status_paths import is_status_page, logged_path, own_path

RUN = "/runs/20261127T200000-1a2b3c4d"


class TestPages:
    @pytest.mark.parametrize("path", ["/", "/runs", RUN, f"{RUN}/report", "/login", "/status.css"])
    def test_ask_for_a_log_in_themselves(self, path: str) -> None:
        assert is_status_page(path)

    @pytest.mark.parametrize("path", ["/v1/score", "/runsx", "", "/label", "/v1/runs", "/RUNS"])
    def test_are_no_other_paths(self, path: str) -> None:
        assert not is_status_page(path)


class TestOwnPath:
    @pytest.mark.parametrize("path", ["/", "/runs", RUN, f"{RUN}/report"])
    def test_leads_to_each_page(self, path: str) -> None:
        assert own_path(path) == path

    @pytest.mark.parametrize(
        "path",
        ["//evil.example", "https://evil.example/", "/runs/", "/runs/a\r\nX: y", "/runs/..%2f", ""],
    )
    def test_leads_nowhere_else(self, path: str) -> None:
        assert own_path(path) == "/"


class TestLoggedPath:
    def test_leaves_out_what_a_caller_wrote(self) -> None:
        assert logged_path("/runs/password=hunter2") == "/runs/..."
        assert logged_path("/runs") == "/runs"
