"""The step "redact": stable placeholders, one switch a type, and a second run without effect."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
from hypothesis import example, given, settings
from hypothesis import strategies as st

import sftsec_pii.hooks
from sftsec_core.api.contracts import StepContext, StepSpec
from sftsec_core.api.domain import Incident
from sftsec_core.testing import StepContract
from sftsec_pii.config import RedactConfig
from sftsec_pii.redact import Redact, create
from tests.plugins.pii.texts import JWT, SALT, kinds, redact


class TestRedactStep(StepContract):
    def spec(self) -> StepSpec[Any]:
        return sftsec_pii.hooks.sftsec_register_steps()[0]

    def incidents(self) -> Sequence[Incident]:
        return [Incident(str(n), {self.field: f"mail a{n}@b.example now"}) for n in range(5)]


PIECES = st.sampled_from(
    [
        "bob@shop.example", "4111 1111 1111 1111", "DE89 3704 0044 0532 0130 00", "+49 30 1234567",
        "555-010-4477", "123-45-6789", "password=", "hunter22", "token: ", "secret", "/home/",
        "bob", "C:\\Users\\", JWT, "AKIAIOSFODNN7EXAMPLE", "bearer ", "://", ":", "@", "<", ">",
        " ", "-", "=", "0", "4", "1", "a", "E", ".", "/", "\\", "é", "-----BEGIN PRIVATE KEY-----",
    ]
)  # fmt: skip


class TestPlaceholder:
    def test_names_equal_values_under_one_salt(self) -> None:
        step = Redact(RedactConfig(), SALT)
        one, two = step.text("Bob@Shop.Example"), step.text("bob@shop.example")
        assert one.split("@")[0] == two.split("@")[0]
        assert one != step.text("eve@shop.example")
        assert one != Redact(RedactConfig(), bytes(32)).text("Bob@Shop.Example")
        assert step.text("+49 30 1234567") == step.text("+49-30-123-4567")
        assert step.text("4111 1111 1111 1111") == step.text("4111111111111111")

    def test_differs_for_names_of_another_domain(self) -> None:
        first, second = redact("bob@a.example"), redact("bob@b.example")
        assert first.split("@")[0] != second.split("@")[0]


class TestSwitch:
    def test_keeps_the_domain_unless_asked(self) -> None:
        assert redact("x bob@shop.example y").endswith(">@shop.example y")
        assert "shop" not in redact("x bob@shop.example y", keep_email_domain=False)

    def test_redacts_domains_and_addresses_when_asked(self) -> None:
        text = "GET evil.example from 10.0.0.1 and 2001:db8::1 at 10:00"
        assert redact(text) == text
        assert kinds(text, domain=True, ip=True) == {"domain": 1, "ip": 2}

    def test_leaves_a_type_that_is_off(self) -> None:
        assert redact("bob@shop.example", email=False) == "bob@shop.example"

    def test_names_analysts_by_placeholders_when_asked(self) -> None:
        step = Redact(RedactConfig(analysts=True), SALT)
        name = step.clean_analyst("ana@corp.example")
        assert name.startswith("<ANALYST:")
        assert step.clean_analyst(name) == name


class TestIncident:
    def test_is_redacted_in_nested_values_and_reasons(self) -> None:
        step = create(RedactConfig(), StepContext(("m",), SALT))
        fields = {"to": ["bob@a.example", {"cc": ["eve@a.example"]}], "n": 5, "m": "plain"}
        (got,) = step([Incident("1", fields)])
        raw = orjson.dumps([got.fields["to"], step.clean_reason("bob@a.example complained")])
        assert b"bob" not in raw
        assert b"eve" not in raw
        assert step.clean_analyst("ana@corp.example") == "ana@corp.example"
        assert got.fields["n"] == 5

    def test_without_a_finding_stays_the_same(self) -> None:
        incident = Incident("1", {"message": "nothing here", "tags": ["a"]})
        (got,) = Redact(RedactConfig(), SALT)([incident])
        assert got.fields == incident.fields


class TestMemory:
    def test_of_clean_strings_is_bounded(self) -> None:
        step = Redact(RedactConfig(), SALT)
        for number in range(40_000):
            step.text(f"abc x{number}")
        assert 0 < len(step._clean) <= 16_384
        assert step.text("abc x7") == "abc x7"

    def test_counts_a_repeated_finding_again(self) -> None:
        step = Redact(RedactConfig(), SALT)
        assert step.text("bob@a.example") == step.text("bob@a.example")
        assert step.counts() == {"email": 2}


class TestSecondRun:
    @given(st.lists(PIECES | st.text(max_size=4), max_size=14).map("".join))
    @example("bearer secret/home/+49 30 1234567")  # a placeholder must not make a token longer
    @settings(max_examples=300, deadline=None)
    def test_changes_nothing_by_default(self, text: str) -> None:
        once = redact(text)
        assert redact(once) == once

    @given(st.lists(PIECES | st.text(max_size=4), max_size=12).map("".join))
    @settings(max_examples=200, deadline=None)
    def test_changes_nothing_with_every_type_on(self, text: str) -> None:
        every = {"domain": True, "ip": True, "keep_email_domain": False}
        once = redact(text, **every)
        assert redact(once, **every) == once
