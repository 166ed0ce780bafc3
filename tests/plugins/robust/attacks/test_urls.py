"""URLs lead to the same host and the same path."""

from __future__ import annotations

import posixpath
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest

from sftsec_robust.attacks import urls
from tests.plugins.robust.asking import Rewrite, draws

URL = "https://Login.Evil.example/account/verify.php?id=7"
ALL = (
    urls.url_port,
    urls.url_root_dot,
    urls.url_dot_segments,
    urls.url_parameter,
    urls.url_fragment,
    urls.url_user,
)


def place(text: str) -> tuple[str, str, int, str]:
    """Scheme, host, port and path as a client resolves them."""
    parts = urlsplit(text)
    port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    path = posixpath.normpath(unquote(parts.path or "/"))
    return parts.scheme, str(parts.hostname).removesuffix("."), port, path


class TestPlace:
    @pytest.mark.parametrize("rewrite", ALL)
    @pytest.mark.parametrize("url", [URL, "http://evil.example", "http://10.0.0.1:8080/x/"])
    def test_is_the_same(self, rewrite: Rewrite, url: str) -> None:
        for text in draws(rewrite, url, "url", twice=True):
            assert place(text) == place(url)

    @pytest.mark.parametrize("rewrite", ALL)
    def test_each_changes_the_text(self, rewrite: Rewrite) -> None:
        assert URL not in set(draws(rewrite, URL, "url"))

    @pytest.mark.parametrize("rewrite", ALL)
    def test_own_parameters_stay(self, rewrite: Rewrite) -> None:
        for text in draws(rewrite, URL, "url"):
            assert ("id", "7") in parse_qsl(urlsplit(text).query)

    @pytest.mark.parametrize("rewrite", ALL)
    @pytest.mark.parametrize("text", ["http://[::1", "http://host:port/", "no url"])
    def test_what_is_no_url_stays(self, rewrite: Rewrite, text: str) -> None:
        assert set(draws(rewrite, text, "url")) == {text}
