"""Check digits: a card number and an IBAN are told from other digits."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sftsec_pii.checks import is_card, is_iban, luhn
from tests.plugins.pii.texts import redact


class TestLuhn:
    @given(st.text("0123456789", min_size=12, max_size=18))
    def test_is_satisfied_by_one_check_digit(self, digits: str) -> None:
        assert sum(luhn(digits + str(last)) for last in range(10)) == 1


class TestCard:
    def test_needs_an_issuer_and_printed_groups(self) -> None:
        assert is_card(["4111", "1111", "1111", "1111"])
        assert not is_card(["41", "11111111", "111111"])
        assert not is_card(["0000000000000000"])


class TestIban:
    @given(st.text("0123456789", min_size=18, max_size=18))
    def test_has_one_pair_of_check_digits(self, account: str) -> None:
        right = [n for n in range(2, 99) if is_iban(f"DE{n:02d}{account}")]
        assert len(right) == 1
        assert redact(f"to DE{right[0]:02d}{account} now", phone=False).startswith("to <IBAN:")
