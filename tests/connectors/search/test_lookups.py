"""What was looked up beside a part is asked about again by versions alone."""

from __future__ import annotations

import pytest

from sftsec_core.sdk.retry import RetryPolicy
from sftsec_search.fetch import Fetcher
from sftsec_search.identities import Identities
from sftsec_search.lookups import Lookups, found_again
from tests.connectors.search.sites import Site


class Asked:
    """A fetch of some documents of an index."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.index = site.name("mail")
        site.make_index(self.index)
        site.plant(self.index, {f"d{n}": {"message": str(n)} for n in range(4)})
        self.cluster = site.connect(self.index, setup=False)._cluster
        self.retry = RetryPolicy(self.cluster.config.retry_timeout)
        self.lookups = Lookups()
        fetch = Fetcher(self.cluster.client, self.retry, self.lookups)
        uids = [f"{self.index}/d{n}" for n in (1, 2, 9)]
        assert len(fetch(uids, ["message"])[0]) == 2
        self.said = self.lookups.to_json(self.known)

    @property
    def known(self) -> Identities:
        return Identities(self.cluster.client, self.retry)

    def holds(self) -> bool:
        assert self.said is not None
        return found_again(self.cluster, self.known, self.said)


@pytest.fixture
def asked(site: Site) -> Asked:
    return Asked(site)


class TestFoundAgain:
    def test_while_nothing_changes(self, asked: Asked) -> None:
        asked.site.plant(asked.index, {"d3": {"message": "of no one"}})
        assert asked.holds()

    @pytest.mark.parametrize("name", ["d1", "d9"], ids=["changed", "new"])
    def test_not_after_a_write(self, asked: Asked, name: str) -> None:
        asked.site.plant(asked.index, {name: {"message": "other"}})
        assert not asked.holds()

    def test_not_after_a_removal(self, asked: Asked) -> None:
        asked.site.call("DELETE", f"/{asked.index}/_doc/d2?refresh=true")
        assert not asked.holds()

    def test_not_in_an_index_made_again(self, asked: Asked) -> None:
        asked.site.call("DELETE", f"/{asked.index}")
        asked.site.make_index(asked.index)
        asked.site.plant(asked.index, {f"d{n}": {"message": "other"} for n in range(4)})
        assert not asked.holds()

    def test_not_under_another_name(self, asked: Asked) -> None:
        assert asked.said is not None
        assert not found_again(
            asked.cluster, asked.known, {**asked.said, "people": {"u_1_0": "ann"}}
        )

    def test_not_where_something_is_unknown(self, asked: Asked) -> None:
        asked.lookups.unknown = True
        assert asked.lookups.to_json(asked.known) is None
