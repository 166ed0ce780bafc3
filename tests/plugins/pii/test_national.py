"""National identity numbers by their check digits."""

from __future__ import annotations

import pytest

from tests.plugins.pii.texts import redact

# Numbers that the offices publish as examples, or made up with a right check digit.
NUMBERS = {
    "DE": "Steuer-ID: 86095742719",
    "FR": "255081416802538",
    "ES": "12345678Z",
    "ES foreigners": "X1234567L",
    "IT": "RSSMRA85T10A562S",
    "NL": "BSN 111222333",
    "BR": "111.444.777-35",
    "BR digits": "cpf=11144477735",
    "PL": "PESEL: 44051401359",
    "IN": "2341 2341 2346",
    "CN": "11010519491231002X",
    "SE": "811218-9876",
    "FI": "131052-308T",
    "BE": "85.07.30-033.28",
    "CH": "756.9217.0769.85",
    "GB": "AB 12 34 56 C",
}


class TestNationalIds:
    @pytest.mark.parametrize("country", NUMBERS)
    def test_are_hidden_when_asked(self, country: str) -> None:
        text = f"id {NUMBERS[country]} end"
        assert redact(text, national_id=True, phone=False, card=False).count("<NATIONAL:") == 1
        assert "<NATIONAL:" not in redact(text)

    @pytest.mark.parametrize("country", [name for name in NUMBERS if name != "GB"])
    def test_need_the_right_check_digit(self, country: str) -> None:
        text = NUMBERS[country]
        place = next(n for n in range(len(text) - 2, 0, -1) if text[n].isdigit())
        wrong = f"{text[:place]}{(int(text[place]) + 1) % 10}{text[place + 1 :]}"
        assert "<NATIONAL:" not in redact(f"id {wrong} end", national_id=True)

    def test_of_digits_alone_need_a_word(self) -> None:
        assert redact("n 44051401359 x", national_id=True, phone=False) == "n 44051401359 x"
