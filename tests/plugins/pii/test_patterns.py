"""What is personal or secret, what only looks alike, and that telling them apart is fast."""

from __future__ import annotations

import gzip
import re
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from sftsec_pii.cards import cards
from sftsec_pii.config import RedactConfig
from sftsec_pii.redact import Redact
from sftsec_pii.words import scan
from tests.plugins.pii.texts import JWT, SALT, kinds, redact

PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKC\n-----END RSA PRIVATE KEY-----"


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
    "encoded at": lambda n: "a%40" * n,
    "email dots": lambda n: "a%40" + "a." * n,
    "cookies": lambda n: "cookie: a=" * n,
    "curl": lambda n: "curl " * n,
    "mysql": lambda n: "mysql " * n,
    "net user": lambda n: "net user " * n,
    "domains": lambda n: "CORP\\" * n,
    "quoted at": lambda n: '"@' * n,
    "phone words": lambda n: "call 1 " * n,
    "colons": lambda n: "::" * n + "x",
    "percent": lambda n: "%41" * n,
    "entities": lambda n: "&#64;a" * n,
    "base64 run": lambda n: "QUJDREVG" * n,
    "base64 words": lambda n: "cGFzc3dvcmQ9aHVudGVyMjI= " * n,
    "open quotes": lambda n: 'password="\\"' * n,
    "elements": lambda n: "<password " * n + "</",
    "names and values": lambda n: "user=a" * n,
    "options": lambda n: "ssh " + "-a b " * n,
    "sudo": lambda n: "sudo -u " * n,
    "disguised": lambda n: "a [at] b " * n,
    "national prefixes": lambda n: "00 1 " * n,
    "header names": lambda n: "a-" * n + "subscription-key",
    "password hashes": lambda n: "a:$6$aaaaaaaa" * n,
    "nested users": lambda n: '"user":{' * n,
    "echoes": lambda n: "echo a|" * n,
    "logins of netrc": lambda n: "machine a login a " * n,
    "htpasswd": lambda n: "htpasswd -b a " * n,
    "words of a form": lambda n: "aa_A1" * n,
    "options of keys": lambda n: "--a-api-key a" * n,
    "cut quotes": lambda n: "'password=a" * n + "'",
    "file urls": lambda n: "file:///a/" * n,
    "placeholders": lambda n: "a<USER:00000000>" * n,
    "credentials": lambda n: "pscredential('a'," * n,
    "words": lambda n: "user= " * n,
    "objects": lambda n: '"user":{"name":' * n,
    "people of directories": lambda n: "CN=a,OU=" * n,
    "access logs": lambda n: "192.0.2.1 - " * n + "/Oct/",
    "proxies": lambda n: "GET a " * n + "direct/",
    "passwords of prose": lambda n: "password a1" * n,
    "keys after blanks": lambda n: "api key a1" * n,
    "cookies of code": lambda n: "cookies={" * n,
    "modes": lambda n: "drwxr-xr-x 2 " * n,
}


REAL: dict[str, tuple[str, float]] = {
    # "net user NAME PASSWORD" in five of them: an account's name and password go.
    "command_injection": ("http.request.body.content", 0.003),
    "http_params": ("http.request.body.content", 0.001),
    "slp_shell": ("process.command_line", 0.001),
    "tram2_attack": ("message", 0.005),
}


class TestPersonalOrSecret:
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
            ("secret", "key=" * 9 + "A1b2C3d4E5f6G7h8"),
            ("card", "12 34 567 4111 1111 1111 1111 90"),
            ("card", "1 - 2 - 3 - 4 - 5 - 6 - 7 - 8 - 9 - 1 - 3782 822463 10005"),
            ("card", "4111 4111 1111 1111 1111"),
            ("user", '{"user": {"x": {"user": {"name": "bob"}}}}'),
            ("user", "cat /home/bob/.ssh/id_rsa"),
            ("user", "open /Users/anna/Desktop"),
            ("user", r"C:\Users\John Smith\AppData\x.exe"),
            ("user", r"c:\\users\\bob\\x.exe"),
        ],
    )
    def test_becomes_one_placeholder_of_its_kind(self, kind: str, text: str) -> None:
        assert kinds(text) == {kind: 1}
        assert redact(text).count(f"<{kind.upper()}:") == 1


class TestSignal:
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
            "arn:aws:secretsmanager:us-east-1:111122223333:secret:prod-db-master-7-AbCdEf",
            "id=1 AND 5+12345678=12345683",
            "LogonId 0412345678",
            "[10/Oct/2031:13:55:36 +0200] 192.168.10.20",
            "mscorlib, Version=4.0.0.0, PublicKeyToken=b77a5c561934e089",
            "password: required",
            "POST /users/login HTTP/1.1",
            r"HKLM\\SYSTEM NT AUTHORITY\\SYSTEM BUILTIN\\Administrators",
        ],
    )
    def test_that_only_looks_alike_stays(self, text: str) -> None:
        assert redact(text) == text

    @pytest.mark.parametrize("name", REAL)
    def test_of_real_attacks_is_hardly_touched(
        self, name: str, data_dir: Callable[[str], Path]
    ) -> None:
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


def _seconds(do: Callable[[], object]) -> float:
    best = float("inf")
    for _ in range(3):
        begin = time.process_time()
        do()
        best = min(best, time.process_time() - begin)
    return best


class TestTime:
    @pytest.mark.parametrize("motif", ["1 ", "1234 ", "1-", "12  "])
    def test_of_short_groups_is_a_pass(self, motif: str) -> None:
        scanned = scan(motif * (500_000 // len(motif)))
        reading = _seconds(lambda: re.findall(r"\d+", scanned.text))
        # With all groups in a list it took 9 to 20 times as long.
        assert _seconds(lambda: deque(cards(scanned), maxlen=0)) < 4 * reading

    # Each needed 5 to 160 s for a megabyte, as a text without end that holds nothing.
    @pytest.mark.timeout(60)
    @pytest.mark.parametrize("motif", ["1 ", "key=", "token=a", '"user":{', "'@", "benutzer %3d"])
    def test_is_short_for_a_long_repetition(self, motif: str) -> None:
        step = Redact(RedactConfig(), SALT)
        texts = (motif * (length // len(motif)) for length in (16_000, 128_000))
        few, many = (_seconds(lambda text=text: step.text(text)) for text in texts)  # type: ignore[misc]
        assert many < 24 * max(few, 0.002)

    @pytest.mark.timeout(60)
    @pytest.mark.parametrize("name", ADVERSARIAL)
    def test_grows_with_the_length_only(self, name: str) -> None:
        step = Redact(RedactConfig(domain=True, ip=True), SALT)

        texts = (ADVERSARIAL[name](count) for count in (2_000, 16_000))
        few, many = (_seconds(lambda text=text: step.text(text)) for text in texts)  # type: ignore[misc]
        # Eight times the text: 8 when linear, 64 when quadratic; short runs are noise.
        assert many < 24 * max(few, 0.002)
