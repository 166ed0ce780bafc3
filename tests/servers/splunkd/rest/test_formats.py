"""Atom and JSON."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from tests.servers.splunkd.caller import Caller

_ATOM = "{http://www.w3.org/2005/Atom}"
_REST = "{http://dev.splunk.com/ns/rest}"
_SAVED = "/servicesNS/nobody/search/saved/searches"


class TestFormats:
    def test_values_are_native_in_json_alone(self, caller: Caller) -> None:
        form = {"name": "mine", "search": "index=main", "is_scheduled": "0"}
        assert caller.call("POST", _SAVED, form)[0] == 201
        _, answer = caller.call("GET", f"{_SAVED}/mine?output_mode=json")
        content = answer["entry"][0]["content"]
        assert (content["is_scheduled"], content["max_concurrent"]) == (False, 1)
        _, text = caller.call("GET", f"{_SAVED}/mine")
        keys = ET.fromstring(text).iter(f"{_REST}key")  # noqa: S314 - our own double wrote it
        shown = {key.get("name"): key.text for key in keys}
        assert (shown["is_scheduled"], shown["max_concurrent"]) == ("0", "1")

    def test_a_feed_is_atom_with_messages(self, caller: Caller) -> None:
        _, text = caller.call("GET", "/services/data/indexes/")
        assert ET.fromstring(text).tag == f"{_ATOM}feed"  # noqa: S314 - our own double wrote it
        status, text = caller.call("GET", "/services/data/indexes/none")
        assert status == 404
        assert '<msg type="ERROR">Could not find object id=none</msg>' in text
        assert caller.call("GET", "/services/no/such/thing")[0] == 404
