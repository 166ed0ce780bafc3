"""Field names that say what a value is."""

from __future__ import annotations

from typing import Any

import pytest

from sftsec_core.api.domain import Incident
from sftsec_pii.config import RedactConfig
from sftsec_pii.redact import Redact
from tests.plugins.pii.texts import SALT


def redacted(fields: dict[str, Any]) -> str:
    (got,) = Redact(RedactConfig(), SALT)([Incident("1", fields)])
    return str(got.fields)


class TestFieldNames:
    @pytest.mark.parametrize("name", ["password", "authorization", "api_key", "db.client_secret"])
    def test_hide_values_without_a_form(self, name: str) -> None:
        assert "plain words" not in redacted({name: "plain words"})
        assert "plain words" not in redacted({"outer": [{name: "plain words"}]})

    def test_leave_words_and_attacks(self) -> None:
        assert "<SECRET:" not in redacted({"password": "required"})
        assert "<SECRET:" not in redacted({"password": "' or 1=1 --"})

    def test_tell_what_a_number_is(self) -> None:
        assert "<PHONE:" in redacted({"msisdn": 4915112345679})
        assert "<SSN:" in redacted({"employee": {"ssn": "457555462"}})
        assert redacted({"count": 4915112345679}) == "{'count': 4915112345679}"
        assert "<CARD:" in redacted({"count": 4111111111111111})
