"""JSON as short texts."""

from __future__ import annotations

import json

import pytest

from sftsec_core.api.errors import IntegrityError
from sftsec_core.store.packing import is_packed, pack, unpack

DETECTION = {
    "probability": 0.75,
    "fields": {"host.name": "host-1", "message": "powershell.exe -enc AAAA", "odd": "\ud800\x00 ü"},
    "labels": ["malicious"],
    "big": 2**70,
    "explanation": None,
}


class TestPack:
    def test_unpacks_to_the_same_value(self) -> None:
        packed = pack(DETECTION)
        assert is_packed(packed)
        assert not is_packed(json.dumps(DETECTION))
        assert unpack(packed) == DETECTION
        assert unpack(pack({})) == {}

    def test_is_shorter_than_json(self) -> None:
        plain = {name: DETECTION[name] for name in ("probability", "fields", "labels")}
        assert len(pack(plain)) < 0.9 * len(json.dumps(plain))

    def test_reads_what_this_version_wrote(self) -> None:
        """The dictionary is a part of the format."""
        written = "1:q0YyBSNgzEF6wJaDggBudS0A"
        assert unpack(written) == {"fields": {"host.name": "host-7"}, "label": "malicious"}

    @pytest.mark.parametrize("text", ["1:", "1:AAAA", "1:%", "1:YWJj", "{}"])
    def test_refuses_what_is_none(self, text: str) -> None:
        with pytest.raises(IntegrityError, match="not as it was written"):
            unpack(text)
