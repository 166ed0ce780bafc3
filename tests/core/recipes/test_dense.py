"""Numbers and categories as one dense block: finite, bounded, the same after loading."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sftsec_core.api.domain import Batch, InputField, InputKind, Inputs
from sftsec_core.api.errors import IntegrityError
from sftsec_core.recipes.dense import MAX_NAMES, DenseBlock

FIELDS = (
    InputField("count", InputKind.NUMBER, ("event.count",)),
    InputField("host", InputKind.CATEGORY, ("host.name",)),
)
NUMBERS = st.none() | st.floats() | st.integers(-(2**63), 2**63)
ROWS = st.lists(
    st.fixed_dictionaries(
        {}, optional={"count": NUMBERS, "host": st.none() | st.sampled_from("abc\ud800")}
    )
)


def batch_of(*rows: Inputs) -> Batch:
    return Batch.of(FIELDS, rows)


def fitted(*rows: Inputs) -> DenseBlock:
    block = DenseBlock.fit(batch_of(*rows))
    assert block is not None
    return block


def counts(*values: Any) -> Batch:
    return batch_of(*({"count": value, "host": None} for value in values))


class TestFit:
    @settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(ROWS, ROWS)
    def test_any_values_become_finite(self, train: list[Any], scored: list[Any]) -> None:
        block = fitted(*train)
        for rows in (train, scored):
            found = block(batch_of(*rows))
            assert found.shape == (len(rows), block.width)
            assert np.isfinite(found).all()
        seen = block(batch_of(*train))
        lengths = (seen.astype(np.float64) ** 2).sum(axis=1)
        assert not len(train) or lengths.mean() == pytest.approx(float(seen.any()), rel=1e-3)
        assert not len(train) or np.abs(seen.mean(axis=0)).max() < 1e-3

    def test_text_alone_gives_none(self) -> None:
        assert DenseBlock.fit(Batch.of_texts(["one", "two"])) is None

    def test_constant_columns_say_nothing(self) -> None:
        same: Inputs = {"count": 7.0, "host": "a"}
        block = fitted(*[same] * 5)
        odd = batch_of({"count": 9.0, "host": "a"}, {"count": None, "host": None}, {"host": "new"})
        assert not block(odd).any()

    def test_names_are_bounded(self) -> None:
        names = [f"h{number}" for number in range(2 * MAX_NAMES)]
        block = fitted(*({"host": name} for name in [*names, *names]))
        assert len(block.codes["host"].codes) == MAX_NAMES


class TestNumbers:
    def test_order_is_kept_across_magnitudes(self) -> None:
        values = [0.0] * 90 + [1.0, 2.0, 3.0, 1e2, 1e4, 1e6, 1e9]
        block = DenseBlock.fit(counts(*values))
        assert block is not None
        line = block(counts(0, 1, 3, 1e2, 1e6, 1e9)).sum(axis=1)
        assert (np.diff(line) > 0.01).all()

    def test_beyond_training_counts_as_outermost(self) -> None:
        block = DenseBlock.fit(counts(*range(10)))
        assert block is not None
        found = block(counts(9, 1e308, np.inf, 0, -1e308, -np.inf))
        np.testing.assert_array_equal(found[0], found[1])
        np.testing.assert_array_equal(found[0], found[2])
        np.testing.assert_array_equal(found[3], found[4])
        np.testing.assert_array_equal(found[3], found[5])

    def test_missing_differs_from_any_value(self) -> None:
        block = DenseBlock.fit(counts(*range(10), None, None))
        assert block is not None
        missing, *others = block(counts(np.nan, *range(10)))
        assert missing[-3] != 0  # the host's two columns follow, and are constant
        assert min(np.abs(missing - other).max() for other in others) > 0.1


class TestCategories:
    def test_unseen_and_rare_share_a_column(self) -> None:
        rows: list[Inputs] = [{"host": name} for name in ("a", "a", "b", "b", "rare")]
        block = fitted(*rows)
        rare, unseen, known = block(batch_of({"host": "rare"}, {"host": "new"}, {"host": "a"}))
        np.testing.assert_array_equal(rare, unseen)
        assert np.abs(known - unseen).max() > 0.1

    def test_inputs_are_read_by_name(self) -> None:
        rows: list[Inputs] = [{"count": float(n), "host": "ab"[n % 2]} for n in range(10)]
        block = fitted(*rows)
        other = Batch.of((*reversed(FIELDS), InputField("more", InputKind.NUMBER, ("x",))), rows)
        np.testing.assert_array_equal(block(other), block(batch_of(*rows)))
        without = block(Batch.of(FIELDS[:1], rows))
        np.testing.assert_array_equal(without, block(counts(*range(10))))


class TestSaved:
    def test_loaded_encodes_the_same(self) -> None:
        rows: list[Inputs] = [{"count": n**3, "host": "ab"[n % 2]} for n in range(20)]
        block = fitted(*rows)
        told = json.loads(json.dumps(block.to_json()))
        loaded = DenseBlock.from_parts(told, block.tensors())
        assert loaded is not None
        odd = batch_of(*rows, {"count": np.inf, "host": "z"}, {})
        np.testing.assert_array_equal(loaded(odd), block(odd))

    def test_text_model_has_none(self) -> None:
        assert DenseBlock.from_parts(None, {}) is None

    @pytest.mark.parametrize("damage", ["edges", "numbers", "names", "tensor"])
    def test_damaged_is_refused(self, damage: str) -> None:
        rows: list[Inputs] = [{"count": n, "host": "ab"[n % 2]} for n in range(20)]
        block = fitted(*rows)
        told, tensors = block.to_json(), block.tensors()
        if damage == "edges":
            told["numbers"][0]["edges"] -= 1
        elif damage == "numbers":
            told["numbers"] = 5
        elif damage == "names":
            told["categories"][0]["names"].append("c")
        else:
            del tensors["dense.scale"]
        with pytest.raises(IntegrityError, match="numbers and categories"):
            DenseBlock.from_parts(told, tensors)
