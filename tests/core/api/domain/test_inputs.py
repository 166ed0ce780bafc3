"""Typed inputs: their digest identifies them, and a reader can see them."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sftsec_core.api.domain import (
    Blob,
    Example,
    Inputs,
    InputValue,
    canonical_bytes,
    describe_inputs,
    inputs_digest,
)

VALUES: st.SearchStrategy[InputValue] = st.one_of(
    st.none(),
    st.text("ab\x00é", max_size=5),
    st.floats(allow_nan=False, allow_infinity=False),
    st.lists(st.text("ab", max_size=3), min_size=1, max_size=3).map(tuple),
    st.binary(max_size=3).map(Blob.of),
)
INPUTS = st.dictionaries(st.sampled_from(["text", "a", "ab", "b"]), VALUES, max_size=4)


def present(inputs: Inputs) -> dict[str, InputValue]:
    """The inputs that are not missing; zero has no sign."""
    found = {name: value for name, value in inputs.items() if value is not None and value != ""}
    return {
        name: value + 0.0 if isinstance(value, float) else value for name, value in found.items()
    }


class TestDigest:
    @given(INPUTS, INPUTS)
    def test_is_equal_for_equal_inputs_only(self, one: Inputs, other: Inputs) -> None:
        lone = set(one) == {"text"}, set(other) == {"text"}
        if lone[0] == lone[1]:  # a task's examples have the same inputs
            assert (inputs_digest(one) == inputs_digest(other)) == (present(one) == present(other))

    def test_of_lone_text_is_its_bytes_digest(self) -> None:
        text = "Grüße \ud800"
        raw = text.encode("utf-8", "surrogatepass")
        assert canonical_bytes({"text": text}) == raw
        assert inputs_digest({"text": text}) == hashlib.blake2b(raw, digest_size=16).hexdigest()

    def test_ignores_order_and_missing_inputs(self) -> None:
        one: Inputs = {"text": "x", "amount": 3.0, "user": None}
        assert inputs_digest(one) == inputs_digest({"amount": 3.0, "user": None, "text": "x"})
        assert inputs_digest(one) == inputs_digest({"text": "x", "amount": 3.0, "user": ""})

    def test_tells_a_number_from_its_text(self) -> None:
        assert inputs_digest({"a": 3.0}) != inputs_digest({"a": "3.0"})

    def test_tells_the_items_of_a_sequence_apart(self) -> None:
        assert inputs_digest({"a": ("b", "c")}) != inputs_digest({"a": ("bc",)})

    def test_follows_the_inputs_of_an_example(self) -> None:
        made = Example("1", {"text": "x", "amount": 3.0}, "benign")
        assert made.digest == inputs_digest(made.inputs)
        assert made == Example("1", {"amount": 3.0, "text": "x"}, "benign")


class TestBlob:
    def test_names_bytes_and_files_by_content(self, tmp_path: Path) -> None:
        file = tmp_path / "image.png"
        file.write_bytes(b"pixels")
        assert Blob.of(b"pixels") == Blob.of(file)
        assert Blob.of(b"pixels").read() == Blob.of(file).read() == b"pixels"

    def test_refuses_a_file_that_was_changed(self, tmp_path: Path) -> None:
        file = tmp_path / "image.png"
        file.write_bytes(b"pixels")
        blob = Blob.of(file)
        file.write_bytes(b"others")
        with pytest.raises(ValueError, match="holds other bytes"):
            blob.read()

    def test_shows_no_content(self) -> None:
        assert "secret" not in repr(Blob.of(b"secret"))


class TestDescription:
    def test_of_a_lone_text_is_the_text(self) -> None:
        assert describe_inputs({"text": "verify your account"}) == "verify your account"

    def test_names_every_other_present_input(self) -> None:
        inputs: Inputs = {
            "text": "login",
            "amount": 40.77,
            "user": "anna",
            "host": None,
            "path": ("a", "b"),
        }
        assert describe_inputs(inputs) == "login\namount: 40.77\nuser: anna\npath: a, b"
