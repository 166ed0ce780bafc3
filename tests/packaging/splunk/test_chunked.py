"""Frames of the chunked protocol: read whole or not at all; a message goes out once."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest

pytestmark = pytest.mark.usefixtures("app_modules")


class TestFrame:
    def test_is_read_as_it_was_written(self) -> None:
        from sftsec_app.chunked import read_frame, write_frame

        stream = BytesIO()
        frames: list[tuple[dict[str, Any], bytes]] = [
            ({"action": "getinfo", "text": "ü"}, b""),
            ({"finished": True}, b"a,b\n1,2\n"),
        ]
        for metadata, body in frames:
            write_frame(stream, metadata, body)
        stream.seek(0)
        assert [read_frame(stream) for _ in frames] == frames
        assert read_frame(stream) is None

    def test_may_have_no_metadata(self) -> None:
        from sftsec_app.chunked import read_frame

        assert read_frame(BytesIO(b"chunked 1.0,0,3\na\nb")) == ({}, b"a\nb")

    @pytest.mark.parametrize(
        "stream",
        [
            b"GET / HTTP/1.1\n",
            b"chunked 1.0,2\n{}",
            b"chunked 1.0,2,0",
            b"chunked 1.0,9,0\n{}",
            b"chunked 1.0,2,9\n{}a,b",
            b"chunked 1.0,-2,0\n{}",
            b"chunked 1.0," + b"1" * 10_000 + b",0\n",
        ],
        ids=["http", "one size", "no line", "short metadata", "short body", "negative", "long"],
    )
    def test_that_is_not_whole_is_refused(self, stream: bytes) -> None:
        from sftsec_app.chunked import read_frame

        with pytest.raises(EOFError):
            read_frame(BytesIO(stream))


class TestSearchMessages:
    def test_are_sent_once_each(self) -> None:
        from sftsec_app.chunked import SearchMessages

        messages = SearchMessages()
        for text in ("slow", "slow", "late"):
            messages.add("WARN", text)
        sent = [("WARN", "sftsec: slow"), ("WARN", "sftsec: late")]
        assert messages.take() == {"inspector": {"messages": sent}}
        messages.add("WARN", "slow")
        assert messages.take() == {}
        messages.add("ERROR", "slow")
        assert messages.take() == {"inspector": {"messages": [("ERROR", "sftsec: slow")]}}
