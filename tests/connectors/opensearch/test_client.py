"""A field of the site's own that makes the order whole, instead of `_id`."""

from __future__ import annotations

from sftsec_core.testing.incidents import START
from tests.connectors.search.sites import Site, ids, pages

MAPPINGS = {"properties": {"@timestamp": {"type": "date"}, "id": {"type": "keyword"}}}


class TestTieBreaker:
    def test_may_be_any_unique_keyword(self, site: Site) -> None:
        index = site.name("wazuh")
        site.make_index(index, MAPPINGS)
        at = START.isoformat()
        planted = {f"d{n:02d}": {"@timestamp": at, "id": f"{99 - n}"} for n in range(30)}
        site.plant(index, planted)
        connector = site.connect(index, page_size=7, tie_breaker="id")
        assert sorted(ids(pages(connector))) == sorted(planted)
        assert list(connector.check()) == []

    def test_that_documents_lack_is_named(self, site: Site) -> None:
        """Before 3.x the engine loses those that have the same place in the order."""
        index = site.name("wazuh")
        site.make_index(index, MAPPINGS)
        site.plant(index, {"a": {"@timestamp": START.isoformat(), "id": "1"}})
        site.plant(index, {"b": {"@timestamp": START.isoformat()}})
        [problem] = site.connect(index, tie_breaker="id").check()
        assert problem.endswith("have no 'id' and may be passed over: leave `tie_breaker` at _id")
