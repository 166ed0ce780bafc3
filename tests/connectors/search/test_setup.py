"""What setup makes, what it makes only once, and what it leaves to the integration package."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sftsec_search.client import SearchClient
from sftsec_search.fields import DETECTION_FIELDS
from sftsec_search.setup import Stream, set_up_index, set_up_stream
from sftsec_search.verdicts import MAPPINGS
from tests.connectors.search.sites import Site


@pytest.fixture
def client(site: Site) -> SearchClient:
    return site.connect("mail", setup=False)._client


@pytest.fixture
def stream(site: Site) -> Iterator[Stream]:
    """A kind of data stream of the test's own, since templates are the whole cluster's."""
    own = Stream(f"own_{site.token}", f"own-{site.token}", DETECTION_FIELDS)
    yield own
    site.server.call("DELETE", f"/_data_stream/{name_of(own)}")
    for template in own.templates:
        site.server.call("DELETE", f"/_index_template/{template}")


def name_of(stream: Stream) -> str:
    return f"logs-{stream.dataset}-default"


class TestStream:
    def test_is_made_once_with_its_template(
        self, site: Site, client: SearchClient, stream: Stream
    ) -> None:
        template = f"wrote the index template {stream.template}"
        made = set_up_stream(client, stream, "default", {"settings": {"number_of_replicas": 0}})
        assert made == [template, f"made the data stream {name_of(stream)}"]
        assert set_up_stream(client, stream, "default", {}) == [template]
        [mappings] = site.call("GET", f"/{name_of(stream)}/_mapping").values()
        fields = mappings["mappings"]["properties"]
        assert fields["sftsec"]["properties"]["prediction_probability"] == {"type": "float"}
        source = fields["sftsec"]["properties"]["source"]["properties"]
        assert source["fields"] == {"type": "object", "enabled": False}

    def test_keeps_the_template_of_the_package(
        self, site: Site, client: SearchClient, stream: Stream
    ) -> None:
        theirs = stream.body({}) | {"priority": 200, "_meta": {"managed_by": "fleet"}}
        site.call("PUT", f"/_index_template/{stream.packaged}", theirs)
        made = set_up_stream(client, stream, "default", {})
        assert made == [
            f"the integration package's template {stream.packaged} is there and stays",
            f"made the data stream {name_of(stream)}",
        ]
        assert site.server.call("GET", f"/_index_template/{stream.template}")[0] == 404


class TestIndex:
    def test_is_made_once_with_our_mappings(self, site: Site, client: SearchClient) -> None:
        index = site.name("verdicts")
        assert set_up_index(client, index, MAPPINGS) == [f"made the index {index}"]
        [found] = site.call("GET", f"/{index}/_mapping").values()
        assert found["mappings"]["properties"].keys() == MAPPINGS["properties"].keys()
        assert set_up_index(client, index, {"properties": {}}) == []
