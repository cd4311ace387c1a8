"""Amounts that agree except for the sign: nothing else about such a file is worth reporting."""

from collections.abc import Iterable
from typing import Any, NamedTuple, Self

from ledger.kernel.money import Money


class Turned(NamedTuple):
    """How many amounts agree except for the sign, of those that both sides have."""

    opposite: int
    compared: int

    @classmethod
    def most(cls, opposite: int, compared: int) -> Self | None:
        """The counts, or None unless more than half of the amounts have the opposite sign."""
        return cls(opposite, compared) if 2 * opposite > compared else None

    @classmethod
    def of(cls, pairs: Iterable[tuple[Money, Money]]) -> Self | None:
        """From pairs of our amount and theirs; pairs with a zero are left out, as it has no sign,
        and so are pairs of two currencies."""
        telling = [
            (ours, theirs)
            for ours, theirs in pairs
            if ours.minor and theirs.minor and ours.currency == theirs.currency
        ]
        return cls.most(sum(ours == theirs.negated() for ours, theirs in telling), len(telling))

    def as_json(self, *, flipped: bool) -> dict[str, Any]:
        """The counts, and a sentence with what to do about it."""
        again = "compare without --flip-sign" if flipped else "compare with --flip-sign"
        sentence = (
            f"{self.opposite:,} of {self.compared:,} amounts agree but for the sign: {again}."
        )
        return {"opposite": self.opposite, "compared": self.compared, "sentence": sentence}
