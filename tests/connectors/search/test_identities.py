"""An index is told from another one that had its name."""

from __future__ import annotations

from sftsec_core.sdk.retry import RetryPolicy
from sftsec_search.identities import Identities
from tests.connectors.search.sites import Site


def identities(site: Site) -> Identities:
    connector = site.connect("any", setup=False)
    return Identities(connector._client, RetryPolicy(connector._cluster.config.retry_timeout))


class TestIdentity:
    def test_of_a_new_index_is_new(self, site: Site) -> None:
        name = site.name("mail")
        site.make_index(name)
        first = identities(site)
        before = first.of(name)
        assert before is not None
        site.call("DELETE", f"/{name}")
        site.make_index(name)
        assert first.of(name) == before  # of one pull
        assert identities(site).of(name) not in {None, before}

    def test_comes_with_the_number_of_shards(self, site: Site) -> None:
        name = site.name("mail")
        site.make_index(name, number_of_shards=3)
        site.call("PUT", f"/{name}/_alias/{name}-alias")
        for asked in (name, f"{name}*", f"{name}-alias", f"{name},{name}-missing"):
            found = identities(site).of_all(asked)
            assert found is not None
            assert [(each, facts.shards) for each, facts in found.items()] == [(name, 3)]

    def test_of_a_data_stream_names_its_indices(self, site: Site) -> None:
        site.connect("any").close()
        found = identities(site).of_all(f"logs-sftsec.detections-{site.token}*")
        assert found is not None
        assert [name.startswith(".ds-logs-sftsec") for name in found] == [True]

    def test_of_another_cluster_is_unknown(self, site: Site) -> None:
        assert identities(site).of_all("far:mail-*") is None
        assert identities(site).of("far:mail-1") is None
