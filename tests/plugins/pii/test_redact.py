"""What the step "redact" replaces, what it leaves, and that it does both in linear time."""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import sftsec_pii.hooks
from sftsec_core.api.contracts import StepContext, StepSpec
from sftsec_core.api.domain import Incident
from sftsec_core.testing import PluginContract, StepContract
from sftsec_pii.checks import is_card, is_iban, luhn
from sftsec_pii.config import RedactConfig
from sftsec_pii.redact import Redact, create

SALT = bytes(range(32))
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKC\n-----END RSA PRIVATE KEY-----"


def redact(text: str, **options: bool) -> str:
    return Redact(RedactConfig(**options), SALT).text(text)


def kinds(text: str, **options: bool) -> dict[str, int]:
    step = Redact(RedactConfig(**options), SALT)
    step.text(text)
    return dict(step.counts())


class TestPiiPlugin(PluginContract):
    def plugin(self) -> ModuleType:
        return sftsec_pii.hooks


class TestRedactStep(StepContract):
    def spec(self) -> StepSpec[Any]:
        return sftsec_pii.hooks.sftsec_register_steps()[0]

    def incidents(self) -> Sequence[Incident]:
        return [Incident(str(n), {self.field: f"mail a{n}@b.example now"}) for n in range(5)]


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("email", "write to Anna.B+x@mail.shop.example."),
        ("email", "<o'neil@shop.example>"),
        ("card", "paid with 4111 1111 1111 1111 12/27"),
        ("card", "paid with 4111-1111-1111-1111, thanks"),
        ("card", "378282246310005"),
        ("card", "pan=5555555555554444&x=1"),
        ("iban", "to DE89 3704 0044 0532 0130 00 Bank"),
        ("iban", "to gb29nwbk60161331926819."),
        ("phone", "call +49 (0)30 1234567"),
        ("phone", "call (555) 010-4477 now"),
        ("phone", "call 555-010-4477"),
        ("phone", "call 09061701461"),
        ("ssn", "ssn 123-45-6789."),
        ("secret", "key AKIAIOSFODNN7EXAMPLE"),
        ("secret", "ghp_abcdefghijklmnopqrstuvwxyz0123456789"),
        ("secret", "xoxb-123456789012-abcdefABCDEF"),
        ("secret", f"cookie {JWT}"),
        ("secret", f"file: {PEM} end"),
        ("secret", "Authorization: Bearer abcdef0123456789"),
        ("secret", "authorization: basic dXNlcjpwYXNzd29yZA=="),
        ("secret", "password=hunter22"),
        ("secret", '{"password": "hunter22"}'),
        ("secret", "mysql --password hunter22 db"),
        ("secret", "api_key=0f1e2d3c4b5a69788796a5b4c3d2e1f0"),
        ("secret", "https://bob:hunter22@host.example/x"),
        ("user", "cat /home/bob/.ssh/id_rsa"),
        ("user", "open /Users/anna/Desktop"),
        ("user", r"C:\Users\John Smith\AppData\x.exe"),
        ("user", r"c:\\users\\bob\\x.exe"),
    ],
)
def test_what_is_personal_or_secret_becomes_one_placeholder_of_its_kind(
    kind: str, text: str
) -> None:
    assert kinds(text) == {kind: 1}
    assert redact(text).count(f"<{kind.upper()}:") == 1


@pytest.mark.parametrize(
    "text",
    [
        "2024-01-15 10:00:00.123456 10.0.0.1:8080 fe80::1",
        "1700000000 1700000000123 1700000000123456",
        "d41d8cd98f00b204e9800998ecf8427e",
        "da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "550e8400-e29b-41d4-a716-446655440000",
        "4111 1111 1111 1112",  # the check digit is wrong
        "DE88 3704 0044 0532 0130 00",
        "0.4111111111111111",
        "v1.2.3-4567 CVE-2021-44228 MS17-010 KB5005565",
        "000-12-3456 666-12-3456 123-00-4567",
        "http://shop.example/home/login.php",
        "../../../../home/admin",
        "root@10.0.0.5",
        "password=' or 1=1 --",
        "password=../../etc/passwd&token=$(cat /etc/shadow)",
        "pwd; ls -la; whoami",
        "token=`id` secret=| nc 10.0.0.1",
        r"C:\Users\Public\x.exe /home/root C:\Users\Administrator",
        "user%40mail select * from users where password = 'x'",
        "the bearer of this letter, and the authorization of payments",
        "/products/123456789012345678901234567890",
    ],
)
def test_what_is_signal_or_only_looks_alike_stays(text: str) -> None:
    assert redact(text) == text


def test_equal_values_stay_equal_whatever_their_case_and_only_under_one_salt() -> None:
    step = Redact(RedactConfig(), SALT)
    one, two = step.text("Bob@Shop.Example"), step.text("bob@shop.example")
    assert one.split("@")[0] == two.split("@")[0]
    assert one != step.text("eve@shop.example")
    assert one != Redact(RedactConfig(), bytes(32)).text("Bob@Shop.Example")
    assert step.text("+49 30 1234567") == step.text("+49-30-123-4567")
    assert step.text("4111 1111 1111 1111") == step.text("4111111111111111")


def test_the_same_name_in_another_domain_is_another_value() -> None:
    first, second = redact("bob@a.example"), redact("bob@b.example")
    assert first.split("@")[0] != second.split("@")[0]


def test_the_domain_of_an_address_stays_unless_it_is_asked_for() -> None:
    assert redact("x bob@shop.example y").endswith(">@shop.example y")
    assert "shop" not in redact("x bob@shop.example y", keep_email_domain=False)


def test_domains_and_addresses_are_redacted_only_when_asked() -> None:
    text = "GET evil.example from 10.0.0.1 and 2001:db8::1 at 10:00"
    assert redact(text) == text
    assert kinds(text, domain=True, ip=True) == {"domain": 1, "ip": 2}


def test_a_type_that_is_switched_off_stays() -> None:
    assert redact("bob@shop.example", email=False) == "bob@shop.example"


def test_strings_in_lists_and_objects_and_reasons_are_redacted_too() -> None:
    step = create(RedactConfig(), StepContext(("m",), SALT))
    fields = {"to": ["bob@a.example", {"cc": ["eve@a.example"]}], "n": 5, "m": "plain"}
    (got,) = step([Incident("1", fields)])
    raw = orjson.dumps([got.fields["to"], step.clean_reason("bob@a.example complained")])
    assert b"bob" not in raw
    assert b"eve" not in raw
    assert step.clean_analyst("ana@corp.example") == "ana@corp.example"
    assert got.fields["n"] == 5


def test_analysts_are_named_by_placeholders_when_asked() -> None:
    step = Redact(RedactConfig(analysts=True), SALT)
    name = step.clean_analyst("ana@corp.example")
    assert name.startswith("<ANALYST:")
    assert step.clean_analyst(name) == name


def test_nothing_found_gives_the_very_same_incident() -> None:
    incident = Incident("1", {"message": "nothing here", "tags": ["a"]})
    (got,) = Redact(RedactConfig(), SALT)([incident])
    assert got.fields == incident.fields


PIECES = st.sampled_from(
    [
        "bob@shop.example", "4111 1111 1111 1111", "DE89 3704 0044 0532 0130 00", "+49 30 1234567",
        "555-010-4477", "123-45-6789", "password=", "hunter22", "token: ", "secret", "/home/",
        "bob", "C:\\Users\\", JWT, "AKIAIOSFODNN7EXAMPLE", "bearer ", "://", ":", "@", "<", ">",
        " ", "-", "=", "0", "4", "1", "a", "E", ".", "/", "\\", "é", "-----BEGIN PRIVATE KEY-----",
    ]
)  # fmt: skip


@given(st.lists(PIECES | st.text(max_size=4), max_size=14).map("".join))
@example("bearer secret/home/+49 30 1234567")  # a placeholder must not make a token longer
@settings(max_examples=300, deadline=None)
def test_redacting_twice_changes_nothing(text: str) -> None:
    once = redact(text)
    assert redact(once) == once


@given(st.lists(PIECES | st.text(max_size=4), max_size=12).map("".join))
@settings(max_examples=200, deadline=None)
def test_redacting_twice_changes_nothing_with_every_type_on(text: str) -> None:
    every = {"domain": True, "ip": True, "keep_email_domain": False}
    once = redact(text, **every)
    assert redact(once, **every) == once


@given(st.text("0123456789", min_size=12, max_size=18))
def test_exactly_one_check_digit_satisfies_luhn(digits: str) -> None:
    assert sum(luhn(digits + str(last)) for last in range(10)) == 1


@given(st.text("0123456789", min_size=18, max_size=18))
def test_exactly_one_pair_of_check_digits_makes_a_german_iban(account: str) -> None:
    right = [n for n in range(2, 99) if is_iban(f"DE{n:02d}{account}")]
    assert len(right) == 1
    assert redact(f"to DE{right[0]:02d}{account} now", phone=False).startswith("to <IBAN:")


def test_a_card_needs_an_issuer_and_the_groups_that_are_printed() -> None:
    assert is_card(["4111", "1111", "1111", "1111"])
    assert not is_card(["41", "11111111", "111111"])
    assert not is_card(["0000000000000000"])


ADVERSARIAL: dict[str, Callable[[int], str]] = {
    "at signs": lambda n: "a@" * n,
    "local part": lambda n: "a." * n + "@",
    "domain": lambda n: "a@" + "b." * n,
    "digits and blanks": lambda n: "1 " * n + "x",
    "digits": lambda n: "1" * n + "x",
    "plus": lambda n: "+1" * n,
    "phone groups": lambda n: "+" + "1 (" * n,
    "iban starts": lambda n: "DE89" * n,
    "iban starts apart": lambda n: "DE89 " * n,
    "pem": lambda n: "-----BEGIN PRIVATE KEY-----" * n,
    "pem dashes": lambda n: "-----BEGIN PRIVATE KEY-----" + "-" * n,
    "jwt": lambda n: "eyJ" * n + ".",
    "jwt parts": lambda n: "eyJaaaaaaaaa." * n,
    "slack": lambda n: "xoxb-" * n,
    "password": lambda n: "password" * n + "=",
    "password blanks": lambda n: "password" + " " * n + "x",
    "secret": lambda n: "secret_" * n + ":",
    "token values": lambda n: "token=" + "a-" * n,
    "token tokens": lambda n: "token=a" * n,
    "token call": lambda n: "token=a1" * n + "(",
    "address chains": lambda n: "a@b." * n + "1",
    "quotes": lambda n: "'@" * n,
    "logins": lambda n: "://a:" * n + "@",
    "home": lambda n: "/home/" * n,
    "users": lambda n: "C:\\Users\\" * n,
    "users names": lambda n: "C:\\Users\\" + "a " * n,
    "bearer": lambda n: "bearer " * n,
    "authorization": lambda n: "authorization:" + " " * n,
    "ssn": lambda n: "123-45-" * n,
    "colons": lambda n: "::" * n + "x",
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", ADVERSARIAL)
def test_time_grows_with_the_length_and_not_with_its_square(name: str) -> None:
    step = Redact(RedactConfig(domain=True, ip=True), SALT)

    def seconds(count: int) -> float:
        text = ADVERSARIAL[name](count)
        best = float("inf")
        for _ in range(3):
            begin = time.process_time()
            step.text(text)
            best = min(best, time.process_time() - begin)
        return best

    # Eight times the text: 8 when linear, 64 when quadratic; short runs are noise.
    assert seconds(16_000) < 24 * max(seconds(2_000), 0.002)


REAL: dict[str, tuple[str, float]] = {
    "command_injection": ("http.request.body.content", 0.001),
    "http_params": ("http.request.body.content", 0.001),
    "slp_shell": ("process.command_line", 0.001),
    "tram2_attack": ("message", 0.005),
}


@pytest.mark.parametrize("name", REAL)
def test_real_attacks_are_hardly_touched(name: str, data_dir: Callable[[str], Path]) -> None:
    field, most = REAL[name]
    step = Redact(RedactConfig(), SALT)
    attacks: list[str] = []
    for part in ("train", "dev", "test"):
        with gzip.open(data_dir(name) / f"{part}.jsonl.gz") as stream:
            for line in stream:
                value: Any = orjson.loads(line)
                if value["label"] != "benign":
                    for key in field.split("."):
                        value = value[key]
                    attacks.append(value)
    altered = sum(1 for text in attacks if step.text(text) != text)
    assert len(attacks) > 50
    assert altered / len(attacks) <= most
