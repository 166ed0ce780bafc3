"""What an engine gives back is read, whatever an attacker wrote into an event."""

from __future__ import annotations

import orjson
import pytest

from sftsec_core.api.domain import PullWindow
from sftsec_search.json_answers import read_json
from tests.connectors.search.sites import Site, incidents, pages

HALF = '"rundll32 \\ud800 evil"'  # half of a surrogate pair, as the engines keep and return it


def plant_half(site: Site, index: str) -> None:
    site.make_index(index)
    lines = "".join(
        f'{{"index":{{"_id":"{name}"}}}}\n{{"@timestamp":"{at}","message":{text}}}\n'
        for name, at, text in (
            ("a", "2026-01-05T08:00:00Z", '"before"'),
            ("b", "2026-01-05T08:01:00Z", HALF),
            ("c", "2026-01-05T08:02:00Z", '"after"'),
        )
    )
    site.call("POST", f"/{index}/_bulk?refresh=true", lines)


class TestHalfCharacter:
    @pytest.mark.parametrize("fields", [(), ("message",)])
    def test_does_not_hide_its_event(self, site: Site, fields: tuple[str, ...]) -> None:
        index = site.name("mail")
        plant_half(site, index)
        connector = site.connect(index, setup=False, retry_timeout="1s")
        found = incidents(pages(connector, PullWindow(fields=fields)))
        assert [each.fields["message"] for each in found] == ["before", "rundll32 ? evil", "after"]

    @pytest.mark.parametrize("as_text", [False, True])
    def test_alone_is_replaced(self, as_text: bool) -> None:
        raw = (
            b'{"half":"\\ud800 \\\\ud800","whole":"\\ud83d\\ude00","plain":"\xc3\xa9","number":1.5}'
        )
        found = read_json(raw.decode() if as_text else raw)
        assert found == {"half": "? \\ud800", "whole": "😀", "plain": "é", "number": 1.5}


class TestReadJson:
    @pytest.mark.parametrize("raw", [b"", b"{", b"<html>", b'{"a":'])
    def test_refuses_what_is_no_json(self, raw: bytes) -> None:
        with pytest.raises(ValueError, match=r"Expecting|unexpected|delimiter"):
            read_json(raw)

    def test_reads_fast_what_it_reads_slowly(self) -> None:
        value = {"a": [1, 2.5, None, True], "b": {"c": "x" * 5000}}
        assert read_json(orjson.dumps(value)) == value
