"""The cursor of a pull: one opaque string for the positions in all sources."""

from __future__ import annotations

import base64

import orjson
import pytest

from sftsec_core.api.errors import ConnectorError
from sftsec_core.sdk.cursor import PullCursor
from sftsec_core.sdk.errors import CursorError
from tests.core.sdk.positions import NumberPosition

START: PullCursor[NumberPosition] = PullCursor()


def encoded(value: object) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(value)).decode()


class TestPullCursor:
    def test_starts_without_positions(self) -> None:
        assert PullCursor.decode(None, NumberPosition).positions == {}

    def test_reads_what_it_has_written(self) -> None:
        cursor = START.moved("mail", NumberPosition(7)).moved("dns", NumberPosition(2))
        assert PullCursor.decode(cursor.encode(), NumberPosition) == cursor

    def test_moves_one_source_only(self) -> None:
        before = START.moved("mail", NumberPosition(7)).moved("dns", NumberPosition(2))
        after = before.moved("dns", NumberPosition(3))
        assert after.positions == {"mail": NumberPosition(7), "dns": NumberPosition(3)}
        assert before.positions["dns"] == NumberPosition(2)

    @pytest.mark.parametrize(
        "given",
        [
            *("", "no cursor", "é", encoded(1), encoded([1]), encoded([1, []])),
            *(encoded([1, {"mail": each}]) for each in ("b", [1, 2], None)),
        ],
    )
    def test_refuses_what_is_no_cursor(self, given: str) -> None:
        with pytest.raises(CursorError, match="not one of this connector's") as caught:
            PullCursor.decode(given, NumberPosition)
        assert isinstance(caught.value, ConnectorError)

    def test_refuses_another_version(self) -> None:
        with pytest.raises(CursorError, match="another version"):
            PullCursor.decode(encoded([2, {"mail": [1]}]), NumberPosition)
