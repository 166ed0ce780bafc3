"""The benchmark of the store fills real ones and cleans up."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import create_engine, text

from sftsec_core.bench.store import run_store_bench
from tests.servers.postgres import postgres_server, postgres_url

__all__ = ["postgres_server", "postgres_url"]


class TestRunStoreBench:
    def test_measures_and_drops_its_database(self, postgres_url: str, tmp_path: Path) -> None:
        result = run_store_bench([100], tmp_path, postgres_url)
        assert (result["database"], result["growth"]) == ("postgresql", {})
        (found,) = result["sizes"]
        assert found["rows"] == 100
        assert found["megabytes"] > 0.1
        assert found["peak_rss_mb"] > 10
        assert {"delivery", "audit verify", "status"} <= set(found["steps"])
        assert {"labels stats", "labels review", "audit verify"} <= set(found["commands"])
        timed = [*found["steps"].values(), *found["commands"].values()]
        assert all(each["seconds"] > 0 for each in timed)
        assert found["commands"]["status"]["peak_rss_mb"] > 10
        assert not list(tmp_path.iterdir())
        engine = create_engine(postgres_url)
        with engine.connect() as connection:
            left = text("SELECT count(*) FROM pg_database WHERE datname LIKE 'sftsec_bench%'")
            assert connection.execute(left).scalar_one() == 0
        engine.dispose()
