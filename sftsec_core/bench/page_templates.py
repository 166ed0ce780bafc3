"""Pages that are made up by chance: log-in pages that imitate a brand, and ordinary pages.

A family is a template: one layout with one style. Its pages differ in brand, colours and words.
Brands are made up. Of most log-in pages the text is drawn or mangled, and diluted with words that
no one sees, as phishing kits do to hide from filters; ordinary pages have forms, and words such as
password and sign in, too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SIZE = (960, 640)
_FONTS = ("sans-serif", "serif", "monospace", "Arial", "Georgia", "Verdana", "Tahoma", "Courier")
_STARTS = ("Nor", "Vel", "Kel", "Qua", "Bri", "Zan", "Tor", "Lum", "Fin", "Ost", "Mer", "Pol")
_ENDS = ("via", "dex", "bank", "mail", "pay", "soft", "net", "cloud", "ora", "ix", "port", "trade")
_WORDS = (
    *("account", "order", "market", "report", "season", "travel", "garden", "museum", "engine"),
    *("weather", "contract", "library", "kitchen", "system", "update", "service", "question"),
    *("password", "security", "invoice", "delivery", "support", "member", "policy", "project"),
)
_LOG_IN = ("Sign in", "Log in", "Continue", "Next", "Anmelden", "Connexion", "Acceder", "Verify")
_HINTS = ("E-mail or phone", "User name", "Customer number", "Company ID", "E-mail", "Login")
_HOMOGLYPHS = str.maketrans("aeopcxi", "\u0430\u0435\u043e\u0440\u0441\u0445\u0456")


@dataclass(frozen=True, slots=True)
class PageFamily:
    """One template.

    Attributes:
        number: names it; its style is drawn by it and the seed.
        login: whether its pages ask for a log-in.
        layout: of `LOGIN_LAYOUTS` or `ORDINARY_LAYOUTS`.
        style: CSS that all its pages have.
        hides: how its pages keep their words from filters: "", "drawn" or "mangled".
    """

    number: int
    login: bool
    layout: str
    style: str
    hides: str


@dataclass(frozen=True, slots=True)
class RenderedPage:
    """One page.

    Attributes:
        html: the whole document.
        text: what its document says, as a crawler would take it.
        url: where it is said to be.
    """

    html: str
    text: str
    url: str


def draw_family(number: int, seed: int, *, login: bool) -> PageFamily:
    """Draw a template; layouts are dealt out in turn, so that none is of one family alone."""
    random = np.random.default_rng((seed, number, login))
    layouts = tuple(LOGIN_LAYOUTS if login else ORDINARY_LAYOUTS)
    style = (
        f"body{{font-family:{_pick(random, _FONTS)};font-size:{random.integers(13, 19)}px;"
        f"margin:0;background:{_light(random)};color:{_dark(random)}}}"
        f"input,textarea{{padding:{random.integers(4, 14)}px;width:{random.integers(60, 98)}%;"
        f"margin:{random.integers(3, 12)}px 0;"
        f"border:1px solid #{_pick(random, ('bbb', '888', 'ddd'))};"
        f"border-radius:{random.integers(0, 16)}px;box-sizing:border-box}}"
        f".b{{display:inline-block;padding:{random.integers(6, 14)}px {random.integers(14, 40)}px;"
        f"border-radius:{random.integers(0, 24)}px;color:#fff;margin:8px 0}}"
        f".c{{background:#fff;padding:{random.integers(16, 44)}px;"
        f"border-radius:{random.integers(0, 18)}px;"
        f"box-shadow:0 {random.integers(0, 6)}px {random.integers(0, 30)}px #0003}}"
        "p{line-height:1.5}img{display:block}"
    )
    hides = _pick(random, ("", "drawn", "drawn", "mangled")) if login else ""
    return PageFamily(number, login, layouts[number % len(layouts)], style, hides)


def draw_web_page(family: PageFamily, number: int, seed: int, *, logo: bool = True) -> RenderedPage:
    """Draw a page of a family.

    Args:
        family: its template.
        number: of the page within it.
        seed: of the whole set.
        logo: False leaves the brand's sign out.
    """
    random = np.random.default_rng((seed, family.number, family.login, number))
    brand = _pick(random, _STARTS) + _pick(random, _ENDS)
    page = PageParts(family, brand, _dark(random), random, logo=logo)
    body = (LOGIN_LAYOUTS if family.login else ORDINARY_LAYOUTS)[family.layout](page)
    if family.hides:
        body += _salt(page)
    html = (
        f"<!doctype html><meta charset=utf-8><style>{family.style}.b{{background:{page.colour}}}"
        f"</style><body>{body}"
    )
    return RenderedPage(html, "\n".join(page.said), _url(random, brand, login=family.login))


class PageParts:
    """The parts of a page, which note what its document says."""

    def __init__(
        self,
        family: PageFamily,
        brand: str,
        colour: str,
        random: np.random.Generator,
        *,
        logo: bool,
    ) -> None:
        self.brand, self.colour, self.random, self.said = brand, colour, random, list[str]()
        self._hides, self._logo = family.hides, logo

    def words(self, text: str) -> str:
        """Words of the page's own, as its family shows them."""
        if self._hides == "drawn":
            width = 17 * len(text) + 8
            return f"<svg width={width} height=32><text y=22 fill=currentColor>{text}</text></svg>"
        said = text.translate(_HOMOGLYPHS) if self._hides == "mangled" else text
        said = "\u200b".join(said) if self._hides == "mangled" else said
        self.said.append(said)
        return said

    def filler(self, count: int) -> str:
        """Words that any page could have."""
        text = " ".join(_pick(self.random, _WORDS) for _ in range(count)).capitalize() + "."
        self.said.append(text)
        return text

    def logo(self) -> str:
        """The brand's sign and its name."""
        if not self._logo:
            return ""
        radius = int(self.random.integers(0, 20))
        return (
            f"<svg width=150 height=44>"
            f"<rect width=40 height=40 y=2 rx={radius} fill='{self.colour}'/>"
            f"<text x=48 y=30 font-size=20 fill=currentColor>{self.brand}</text></svg>"
        )

    def name(self) -> str:
        """The brand's name; "" where its sign is left out."""
        return self.brand if self._logo else ""

    def button(self, text: str) -> str:
        """A button."""
        return f"<span class=b>{self.words(text)}</span>"

    def field(self, hint: str, kind: str = "text", value: str = "") -> str:
        """An input with a hint in it."""
        shown = f"value='{value}'" if value else f"placeholder='{hint}'"
        return f"<input type={kind} {shown}>"

    def navigation(self) -> str:
        """A bar with links, as pages with a log-in elsewhere have."""
        names = [_pick(self.random, _WORDS).capitalize() for _ in range(self.random.integers(2, 6))]
        names += ["Sign in"] if self.random.random() < 0.6 else []
        self.said += names
        links = " &nbsp; ".join(names)
        return f"<div style='padding:10px 20px;background:#0001'>{self.logo()} {links}</div>"

    def form(self) -> str:
        """What asks for a user's name and password, on one page or the first of two."""
        random, parts = self.random, [f"<h2>{self.words(_pick(self.random, _LOG_IN))}</h2>"]
        filled = "someone@company.example" if random.random() < 0.3 else ""
        parts.append(self.field(_pick(random, _HINTS), value=filled))
        if random.random() < 0.8:
            parts.append(self.field("Password", "password", "12345678" if filled else ""))
        if random.random() < 0.5:
            parts.append(f"<div><small>{self.words('Forgot password?')}</small></div>")
        parts.append(self.button(_pick(random, _LOG_IN)))
        if random.random() < 0.4:
            parts.append(f"<p><small>{self.filler(9)}</small></p>")
        return "".join(parts)


# --- log-in pages


def _card(page: PageParts) -> str:
    width, top = page.random.integers(280, 420), page.random.integers(30, 110)
    style = f"width:{width}px;margin:{top}px auto"
    return f"<div class=c style='{style}'>{page.logo()}{page.form()}</div>"


def _card_on_colour(page: PageParts) -> str:
    turn, light = page.random.integers(360), _light(page.random)
    back = f"background:linear-gradient({turn}deg,{page.colour},{light})"
    return f"<div style='{back};height:640px;padding-top:1px'>{_card(page)}</div>"


def _split(page: PageParts) -> str:
    side = _pick(page.random, ("row", "row-reverse"))
    share = page.random.integers(35, 65)
    return (
        f"<div style='display:flex;flex-direction:{side};height:640px'>"
        f"<div style='width:{share}%;background:{page.colour};color:#fff;padding:30px'>"
        f"<h1>{page.name()}</h1><p>{page.filler(14)}</div>"
        f"<div style='flex:1;padding:60px 50px'>{page.logo()}{page.form()}</div></div>"
    )


def _bar(page: PageParts) -> str:
    left = page.random.integers(30, 420)
    style = f"background:{page.colour};height:52px;padding:6px 20px;color:#fff"
    form = f"<div style='width:360px;margin:40px 0 0 {left}px'>{page.form()}</div>"
    return f"<div style='{style}'>{page.logo()}</div>{form}"


def _over_a_page(page: PageParts) -> str:
    rows = "".join(f"<p>{page.filler(18)}" for _ in range(9))
    style = f"position:absolute;top:90px;left:{page.random.integers(200, 420)}px;width:320px"
    card = f"<div class=c style='{style}'>{page.logo()}{page.form()}</div>"
    return f"<div style='filter:blur(3px);padding:20px'>{rows}</div>{card}"


def _bare(page: PageParts) -> str:
    align = _pick(page.random, ("center", "left"))
    return (
        f"<div style='text-align:{align};padding:{page.random.integers(20, 80)}px 200px'>"
        f"{page.logo()}{page.form()}<p><small>{page.filler(12)}</small></div>"
    )


# --- ordinary pages


def _article(page: PageParts) -> str:
    rows = "".join(f"<p>{page.filler(int(page.random.integers(25, 60)))}" for _ in range(5))
    body = f"<div style='width:640px;margin:20px auto'><h1>{page.filler(5)}</h1>{rows}</div>"
    return page.navigation() + body


def _shop(page: PageParts) -> str:
    cell = "<div class=c style='width:180px;margin:10px;display:inline-block;padding:14px'>"
    cells = (
        f"{cell}<div style='height:90px;background:{_light(page.random)}'></div>"
        f"<p>{page.filler(3)}</p>{page.button('Add')}</div>"
        for _ in range(8)
    )
    return page.navigation() + "".join(cells)


def _landing(page: PageParts) -> str:
    style = f"background:{page.colour};color:#fff;padding:80px 60px"
    hero = f"<div style='{style}'><h1>{page.filler(6)}</h1><p>{page.filler(16)}</p>"
    return f"{page.navigation()}{hero}{page.button('Try it')}</div><p>{page.filler(40)}"


def _newsletter(page: PageParts) -> str:
    field, button = page.field("E-mail", "email"), page.button("Subscribe")
    form = f"<div style='width:340px'>{field}{button}</div><p>{page.filler(60)}"
    return f"{page.navigation()}<div style='padding:60px'><h1>{page.filler(5)}</h1>{form}</div>"


def _contact(page: PageParts) -> str:
    fields = "".join(page.field(hint) for hint in ("Name", "E-mail", "Subject"))
    fields += f"<textarea rows=6></textarea>{page.button('Send')}"
    form = f"<h2>{page.filler(3)}</h2><div style='width:420px'>{fields}</div>"
    return f"{page.navigation()}<div style='padding:30px 60px'>{form}</div>"


def _search(page: PageParts) -> str:
    rows = "".join(f"<p><u>{page.filler(4)}</u><br>{page.filler(20)}" for _ in range(6))
    form = f"<div style='width:480px'>{page.field('Search')}{page.button('Search')}</div>"
    return f"<div style='padding:24px 80px'>{page.logo()}{form}{rows}</div>"


def _table(page: PageParts) -> str:
    cells = "".join(
        "<tr>" + "".join(f"<td style='padding:7px 16px'>{page.filler(2)}" for _ in range(5))
        for _ in range(11)
    )
    style = "margin:20px;border-collapse:collapse"
    return f"{page.navigation()}<table border=1 style='{style}'>{cells}</table>"


def _checkout(page: PageParts) -> str:
    hints = ("First name", "Last name", "Street", "City", "Postal code", "Card number", "Expiry")
    fields = "".join(page.field(hint) for hint in hints)
    return (
        f"{page.navigation()}<div style='display:flex;padding:20px'><div style='width:55%'>{fields}"
        f"{page.button('Pay')}</div><div class=c style='flex:1'><p>{page.filler(30)}</div></div>"
    )


def _documentation(page: PageParts) -> str:
    side = "".join(f"<div style='padding:5px'>{page.filler(2)}</div>" for _ in range(14))
    rows = "".join(f"<h3>{page.filler(3)}</h3><p>{page.filler(35)}" for _ in range(4))
    left = f"<div style='width:220px;background:#0001'>{side}</div>"
    right = f"<div style='flex:1;padding:16px'>{rows}</div>"
    return f"{page.navigation()}<div style='display:flex'>{left}{right}</div>"


def _notice(page: PageParts) -> str:
    """A lone card without a field, as error pages and consents have."""
    style = f"width:{page.random.integers(300, 460)}px;margin:100px auto"
    button = page.button(_pick(page.random, ("OK", "Continue", "Back")))
    words = f"<h2>{page.filler(4)}</h2><p>{page.filler(24)}</p>"
    return f"<div class=c style='{style}'>{page.logo()}{words}{button}</div>"


LOGIN_LAYOUTS: dict[str, Callable[[PageParts], str]] = {
    "card": _card,
    "card on colour": _card_on_colour,
    "split": _split,
    "bar": _bar,
    "over a page": _over_a_page,
    "bare": _bare,
}
ORDINARY_LAYOUTS: dict[str, Callable[[PageParts], str]] = {
    "article": _article,
    "shop": _shop,
    "landing": _landing,
    "newsletter": _newsletter,
    "contact": _contact,
    "search": _search,
    "table": _table,
    "checkout": _checkout,
    "documentation": _documentation,
    "notice": _notice,
}


def _salt(page: PageParts) -> str:
    """An ordinary page's words that no one sees, with which kits dilute their own."""
    layout = _pick(page.random, tuple(ORDINARY_LAYOUTS))
    family = PageFamily(0, login=False, layout=layout, style="", hides="")
    other = PageParts(family, page.brand, page.colour, page.random, logo=False)
    body = ORDINARY_LAYOUTS[layout](other)
    page.said += other.said
    return f"<div style='display:none'>{body}</div>"


def _pick(random: np.random.Generator, among: Sequence[str]) -> str:
    return among[int(random.integers(len(among)))]


def _light(random: np.random.Generator) -> str:
    return f"hsl({random.integers(360)},{random.integers(0, 60)}%,{random.integers(88, 100)}%)"


def _dark(random: np.random.Generator) -> str:
    return f"hsl({random.integers(360)},{random.integers(20, 90)}%,{random.integers(18, 48)}%)"


def _url(random: np.random.Generator, brand: str, *, login: bool) -> str:
    path = "/".join(_pick(random, _WORDS) for _ in range(int(random.integers(1, 4))))
    if login and random.random() < 0.5:
        return (
            f"https://{brand.lower()}.{_pick(random, _WORDS)}{random.integers(99)}.example/{path}"
        )
    owner = (_pick(random, _STARTS) + _pick(random, _ENDS)).lower() if login else brand.lower()
    return f"https://www.{owner}.example/{path}"
