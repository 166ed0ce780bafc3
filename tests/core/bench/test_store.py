"""The benchmark of the store fills real ones and cleans up."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from sftsec_core.bench.store import run_store_bench
from tests.servers.postgres import postgres_server, postgres_url

__all__ = ["postgres_server", "postgres_url"]


class TestRunStoreBench:
    @pytest.mark.parametrize("database", ["sqlite", "postgresql"])
    def test_measures_and_leaves_nothing(
        self, request: pytest.FixtureRequest, tmp_path: Path, database: str
    ) -> None:
        url = None if database == "sqlite" else request.getfixturevalue("postgres_url")
        sizes = [100, 200] if url is None else [100]
        result = run_store_bench(sizes, tmp_path, url)
        assert result["database"] == database
        assert [each["rows"] for each in result["sizes"]] == sizes
        for each in result["sizes"]:
            assert each["megabytes"] > 0.1
            assert each["peak_rss_mb"] > 10
            assert {"delivery", "claims", "audit verify", "status"} <= set(each["steps"])
            assert each["steps"]["delivery"]["seconds"] > 0
        assert set(result["growth"]) == (set(each["steps"]) if url is None else set())
        assert not list(tmp_path.iterdir())
        if url is not None:
            engine = create_engine(url)
            with engine.connect() as connection:
                left = text("SELECT count(*) FROM pg_database WHERE datname LIKE 'sftsec_bench%'")
                assert connection.execute(left).scalar_one() == 0
            engine.dispose()
