"""Amounts that agree but for the sign: nothing else is worth saying of such a file."""

from collections.abc import Iterable
from typing import Any, NamedTuple, Self

from ledger.kernel.money import Money


class Turned(NamedTuple):
    """Of so many amounts that both sides have, so many agree but for the sign."""

    opposite: int
    compared: int

    @classmethod
    def most(cls, opposite: int, compared: int) -> Self | None:
        """Only where they are most of them."""
        return cls(opposite, compared) if 2 * opposite > compared else None

    @classmethod
    def of(cls, pairs: Iterable[tuple[Money, Money]]) -> Self | None:
        """Of our amount and theirs, pair by pair; nothing has no sign."""
        telling = [
            (ours, theirs)
            for ours, theirs in pairs
            if ours.minor and theirs.minor and ours.currency == theirs.currency
        ]
        return cls.most(sum(ours == theirs.negated() for ours, theirs in telling), len(telling))

    def as_json(self, *, flipped: bool) -> dict[str, Any]:
        """What was found, and what to do about it."""
        again = "compare without --flip-sign" if flipped else "compare with --flip-sign"
        sentence = (
            f"{self.opposite:,} of {self.compared:,} amounts agree but for the sign: {again}."
        )
        return {"opposite": self.opposite, "compared": self.compared, "sentence": sentence}
