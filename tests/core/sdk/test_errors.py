"""The errors of a platform, and the connector's name in them."""

from __future__ import annotations

import pytest

from sftsec_core.api.errors import ConnectorError, ConnectorUnavailableError
from sftsec_core.sdk.errors import AccessError, LostAnswerError, RequestError, errors_of


def raise_within(name: str, error: Exception) -> None:
    with errors_of(name):
        raise error


class TestErrorsOf:
    def test_name_the_connector(self) -> None:
        with pytest.raises(ConnectorError) as caught:
            raise_within("siem", ConnectorError("no answer"))
        assert str(caught.value) == "connector 'siem': no answer"
        assert caught.value.connector == "siem"

    def test_keep_class_and_attributes(self) -> None:
        with pytest.raises(AccessError, match="'siem': 403") as caught:
            raise_within("siem", AccessError("403", status=403, kind="forbidden"))
        assert (caught.value.status, caught.value.kind) == (403, "forbidden")

    def test_name_the_innermost_connector_once(self) -> None:
        with pytest.raises(ConnectorError) as caught, errors_of("outer"):
            raise_within("inner", ConnectorError("no answer"))
        assert str(caught.value) == "connector 'inner': no answer"

    def test_leave_other_errors_alone(self) -> None:
        with pytest.raises(ValueError, match=r"^ours$"):
            raise_within("siem", ValueError("ours"))

    def test_leave_errors_alone_without_a_name(self) -> None:
        with pytest.raises(ConnectorError) as caught:
            raise_within("", ConnectorError("no answer"))
        assert str(caught.value) == "no answer"


class TestLostAnswerError:
    def test_is_retried_like_any_outage(self) -> None:
        assert issubclass(LostAnswerError, ConnectorUnavailableError)


class TestRequestError:
    def test_is_not_retried(self) -> None:
        assert not issubclass(RequestError, ConnectorUnavailableError)
