"""Fields under other names than a platform has for them."""

from __future__ import annotations

import pytest

from sftsec_core.sdk.records import UnusableError
from sftsec_core.sdk.renames import Renames

SUBJECT = Renames({"email.subject": "Subject Line"})


class TestRenames:
    def test_give_fields_their_names(self) -> None:
        assert SUBJECT.apply({"Subject Line": "Hello", "n": 1}) == {
            "email.subject": "Hello",
            "n": 1,
        }
        assert SUBJECT.apply({"email.subject": "Hello"}) == {"email.subject": "Hello"}
        filled = {"email.subject": None, "Subject Line": "Hello"}
        assert SUBJECT.apply(filled) == {"email.subject": "Hello"}

    def test_may_change_two_names(self) -> None:
        assert Renames({"a": "b", "b": "a"}).apply({"a": 1, "b": 2}) == {"a": 2, "b": 1}

    def test_of_sources_differ_for_one_name(self) -> None:
        both = Renames.of_all([Renames({"message": "body"}), Renames({"message": "text"})])
        assert both.apply({"text": "x"}) == both.apply({"body": "x"}) == {"message": "x"}
        assert both.there("message") == tuple(both.all_there()) == ("body", "text")
        with pytest.raises(UnusableError, match="'message' is there, and 'text' is renamed to it"):
            both.apply({"body": "x", "text": "y"})

    def test_refuse_two_values_of_one(self) -> None:
        with pytest.raises(UnusableError, match=r"'email\.subject' is there, and 'Subject Line'"):
            SUBJECT.apply({"email.subject": "a", "Subject Line": "b"})
        assert SUBJECT.apply(dict.fromkeys(["email.subject", "Subject Line"], "a")) == {
            "email.subject": "a"
        }

    def test_without_a_name_change_nothing(self) -> None:
        assert not Renames({"a": "a"})
        assert SUBJECT.there("message") == ("message",)
        assert SUBJECT.there("email.subject") == ("Subject Line",)
