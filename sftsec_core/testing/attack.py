"""What every attack keeps, as a test class.

An attack's test, whole::

    class TestCapitals(AttackContract):
        def spec(self):
            return CAPITALS
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import TYPE_CHECKING, Any

from sftsec_core.api.contracts import TEXT_KINDS, AttackTarget

if TYPE_CHECKING:
    from sftsec_core.api.contracts import AttackSpec

_DRAWS = 10
_STRANGE = (
    "",
    " ",
    "%",
    "'",
    '"',
    "\\",
    "\u202e\u200b",
    "http://[",
    "a" * 5000,
    "<EMAIL:0a1b2c3d>",
)


class AttackContract:
    """Inherit it, and give `spec` and `texts`; whether a text still works is the author's test."""

    # --- what the author gives

    def spec(self) -> AttackSpec[Any]:
        """Give the attack's spec."""
        raise NotImplementedError(f"{type(self).__name__}.spec()")

    def texts(self) -> Sequence[str]:
        """Give texts of its kinds that it has something to rewrite in."""
        raise NotImplementedError(f"{type(self).__name__}.texts()")

    def config(self) -> Mapping[str, Any]:
        """Give the settings that it is called with."""
        return {}

    # --- the contract

    def test_it_names_kinds_of_text(self) -> None:
        """It is called on these alone."""
        assert self.spec().kinds
        assert self.spec().kinds <= set(TEXT_KINDS)

    def test_its_defaults_suffice(self) -> None:
        """Audits call it with them."""
        assert self.spec().configure({}) is not None

    def test_it_rewrites(self) -> None:
        """One that never does anything makes every model look robust."""
        for text in self.texts():
            assert any(made != text for made in self._draws(text)), text

    def test_equal_draws_give_equal_texts(self) -> None:
        """A report must be the same when a run is resumed."""
        for text in self.texts():
            assert self._draws(text) == self._draws(text)

    def test_any_text_is_taken(self) -> None:
        """What others wrote before may be no text of its kind any more."""
        for text in _STRANGE:
            assert all(isinstance(made, str) for made in self._draws(text))

    def _draws(self, text: str) -> list[str]:
        spec = self.spec()
        config = spec.configure(self.config())
        target = AttackTarget(text, min(spec.kinds), ("a benign text",))
        draws = (Random(seed) for seed in range(_DRAWS))  # noqa: S311 - draws that are repeated
        return [spec.rewrite(config, target, draw) for draw in draws]
