"""Addresses that a connector may be given, and to which it may send credentials."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from sftsec_core.api.settings.addresses import check_urls, refuse_clear_text


def complaint(check: Callable[[Sequence[str]], None], *urls: str) -> str | None:
    """What a check says of addresses; None where it accepts them."""
    try:
        check(urls)
    except ValueError as error:
        return str(error)
    return None


class TestCheckUrls:
    @pytest.mark.parametrize("url", ["https://siem:9200", "http://[::1]:8089/path", "HTTPS://siem"])
    def test_accepts_an_address_with_its_scheme(self, url: str) -> None:
        assert complaint(check_urls, "https://first", url) is None

    @pytest.mark.parametrize("url", ["siem:9200", "ftp://siem", "https://", "//siem", ""])
    def test_refuses_what_is_no_address(self, url: str) -> None:
        with pytest.raises(ValueError, match="with its scheme: https://host:8089"):
            check_urls(["https://first", url], "https://host:8089")

    @pytest.mark.parametrize("user", ["ann:hunter2", "ann", ":hunter2"])
    def test_refuses_credentials_without_repeating_them(self, user: str) -> None:
        with pytest.raises(ValueError, match="leave user and password out") as caught:
            check_urls([f"https://{user}@siem"])
        assert "hunter2" not in str(caught.value)

    def test_needs_at_least_one_address(self) -> None:
        with pytest.raises(ValueError, match="at least one address"):
            check_urls([])


class TestRefuseClearText:
    @pytest.mark.parametrize(
        "url",
        [
            "https://siem",
            "http://localhost:9200",
            "http://127.0.0.1",
            "http://127.8.8.8",
            "http://[::1]",
        ],
    )
    def test_accepts_tls_and_this_machine(self, url: str) -> None:
        assert complaint(refuse_clear_text, "https://siem", url) is None

    @pytest.mark.parametrize(
        "url",
        ["http://siem", "HTTP://10.0.0.1:9200", "http://localhost.siem", "http://127.0.0.1.siem"],
    )
    def test_names_the_address_in_clear_text(self, url: str) -> None:
        with pytest.raises(ValueError, match="use https") as caught:
            refuse_clear_text(["https://siem", url])
        assert url in str(caught.value)
