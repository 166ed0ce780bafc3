"""Bins, points and templates: what of an event is compared."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sftsec_core.api.domain import Blob, InputField, InputKind
from sftsec_core.drift.features import POINT, Binning, edges_of, has_text, points, template

KEY = b"a site's secret"


class TestBinning:
    def test_of_numbers_has_equal_counts(self) -> None:
        values = [float(n) for n in range(1000)]
        found = Binning.fit(InputKind.NUMBER, values)
        counts = np.bincount(found.places(values), minlength=found.bins)
        assert counts[0] == 0
        assert counts[1:].tolist() == [100] * 10

    def test_keeps_what_is_missing_apart(self) -> None:
        for kind, values in (
            (InputKind.NUMBER, (None, math.nan, math.inf, 1.0)),
            (InputKind.TEXT, (None, "", None, "text")),
            (InputKind.SEQUENCE, (None, (), None, ("one",))),
            (InputKind.IMAGE, (None, None, None, Blob.of(b"bytes"))),
            (InputKind.CATEGORY, (None, "", None, "name")),
        ):
            found = Binning.fit(kind, values)
            assert found.places(values).tolist() == [0, 0, 0, 1], kind
            assert found.bins > 1

    def test_of_categories_joins_the_rare(self) -> None:
        values = [f"host-{n}" for n in range(12) for _ in range(20 - n)]
        found = Binning.fit(InputKind.CATEGORY, values)
        places = found.places(["host-0", "host-9", "host-10", "never seen"])
        assert places.tolist() == [1, 10, 11, 11]
        assert found.bins == 12

    @pytest.mark.parametrize("kind", [InputKind.NUMBER, InputKind.CATEGORY])
    def test_reads_back_what_it_wrote(self, kind: InputKind) -> None:
        found = Binning.fit(kind, ["a", "b"] if kind is InputKind.CATEGORY else [1.0, 2.5, 9.0])
        assert Binning.from_json(found.to_json()) == found
        assert "host" not in str(found.to_json())

    def test_of_nothing_has_no_edges(self) -> None:
        assert edges_of([math.nan]) == ()
        assert Binning.fit(InputKind.NUMBER, []).places([3.0, None]).tolist() == [1, 0]


class TestPoints:
    def test_lie_near_for_texts_alike(self) -> None:
        near, also, far = points(
            [{"text": "failed login for root"}, {"text": "failed login for admin"}, {"text": "ĳ漢"}]
        )
        assert np.linalg.norm(near - also) < 0.6 * np.linalg.norm(near - far)

    def test_have_one_shape_for_any_input(self) -> None:
        rows = [{}, {"text": ""}, {"n": 3.0}, {"items": ("a", "b")}, {"text": "\ud800" * 5000}]
        found = points(rows)  # type: ignore[arg-type]
        assert found.shape == (5, POINT)
        assert np.isfinite(found).all()
        assert (found[0] == found[2]).all()
        assert points([]).shape == (0, POINT)

    def test_are_read_of_texts_and_sequences(self) -> None:
        fields = [InputField("n", InputKind.NUMBER, ("n",))]
        assert not has_text(fields)
        assert has_text([*fields, InputField("s", InputKind.SEQUENCE, ("s",))])


class TestTemplate:
    def test_is_one_for_copies_of_an_alert(self) -> None:
        one = template({"text": "Scan from outside", "count": 3.0}, KEY)
        assert template({"count": 900.0, "text": "scan from OUTSIDE"}, KEY) == one
        assert template({"text": "Scan from inside", "count": 3.0}, KEY) != one
        assert template({"text": "Scan from outside", "count": 3.0}, b"another site's") != one

    def test_tells_inputs_of_one_text_apart(self) -> None:
        assert template({"a": "x", "b": "y"}, KEY) != template({"a": "y", "b": "x"}, KEY)
        assert template({"a": 1.0}, KEY) != template({"a": 2.0}, KEY)
        one, other = (template({"i": Blob.of(raw)}, KEY) for raw in (b"1", b"2"))
        assert one != other
