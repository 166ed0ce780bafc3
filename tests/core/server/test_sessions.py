"""Sessions of the labelling page: whose they are, when they end, and who cannot use them."""

from __future__ import annotations

import pytest

from sftsec_core.server import sessions
from sftsec_core.server.sessions import IDLE_S, LIFETIME_S, Sessions


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def made(clock: Clock) -> Sessions[str]:
    return Sessions(secure=False, mark=str.encode, clock=clock)


def sent(header: str, **more: str) -> list[tuple[bytes, bytes]]:
    """The headers with which a browser sends the cookie back."""
    headers = {"cookie": f"other=1; {header.partition(';')[0]}", "x-sftsec-page": "1", **more}
    return [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]


class TestOwner:
    def test_is_who_began_the_session(self, made: Sessions[str]) -> None:
        ann, bob = made.start("ann"), made.start("bob")
        assert (made.owner(sent(ann)), made.owner(sent(bob))) == ("ann", "bob")

    @pytest.mark.parametrize(
        "cookie", ["", "sftsec=", "sftsec=guessed", "sftsec", "sftsec=\xff; =;;", "__Host-sftsec=x"]
    )
    def test_of_no_session_is_none(self, made: Sessions[str], cookie: str) -> None:
        made.start("ann")
        assert made.owner(sent(cookie)) is None

    def test_needs_the_header_of_the_page(self, made: Sessions[str]) -> None:
        headers = sent(made.start("ann"))
        assert made.owner(headers[:1]) is None

    @pytest.mark.parametrize("site", ["cross-site", "same-site", "none"])
    def test_is_none_for_other_sites(self, made: Sessions[str], site: str) -> None:
        header = made.start("ann")
        assert made.owner(sent(header, **{"sec-fetch-site": site})) is None
        assert made.owner(sent(header, **{"sec-fetch-site": "same-origin"})) == "ann"


class TestEnd:
    def test_comes_by_logging_out(self, made: Sessions[str]) -> None:
        header = made.start("ann")
        assert "Max-Age=0" in made.end(sent(header))
        assert made.owner(sent(header)) is None
        made.end([])

    def test_comes_after_an_hour_unused(self, made: Sessions[str], clock: Clock) -> None:
        header = made.start("ann")
        for _ in range(3):
            clock.now += IDLE_S - 1
            assert made.owner(sent(header)) == "ann"
        clock.now += IDLE_S + 1
        assert made.owner(sent(header)) is None

    def test_comes_after_twelve_hours_used(self, made: Sessions[str], clock: Clock) -> None:
        header = made.start("ann")
        while clock.now < LIFETIME_S - IDLE_S:
            clock.now += IDLE_S - 1
            assert made.owner(sent(header)) == "ann"
        clock.now = LIFETIME_S + 1
        assert made.owner(sent(header)) is None

    @pytest.mark.parametrize("later", [b"another", None])
    def test_comes_with_another_token(self, later: bytes | None) -> None:
        marks: dict[str, bytes | None] = {"ann": b"first", "bob": b"his"}
        made = Sessions(secure=False, mark=marks.get)
        ann, bob = made.start("ann"), made.start("bob")
        marks["ann"] = later
        assert (made.owner(sent(ann)), made.owner(sent(bob))) == (None, "bob")

    def test_of_the_least_used_makes_room(
        self, made: Sessions[str], clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sessions, "MOST", 2)
        first = made.start("ann")
        clock.now += 1
        second = made.start("bob")
        clock.now += 1
        made.owner(sent(first))
        third = made.start("cid")
        assert [made.owner(sent(each)) for each in (first, second, third)] == ["ann", None, "cid"]


class TestCookie:
    def test_is_for_tls_alone_where_there_is(self) -> None:
        safe, plain = (Sessions(secure=each, mark=str.encode).start("a") for each in (True, False))
        assert safe.startswith("__Host-sftsec=")
        assert safe.endswith("; Path=/; Max-Age=43200; HttpOnly; SameSite=Strict; Secure")
        assert plain.endswith("; Path=/; Max-Age=43200; HttpOnly; SameSite=Strict")

    def test_names_are_not_kept(self, made: Sessions[str]) -> None:
        name = made.start("ann").partition("=")[2].partition(";")[0]
        assert len(name) >= 40
        assert name not in str(vars(made))
