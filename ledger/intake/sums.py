"""Total rows: their labels, and whether their amounts are right."""

from ledger.intake.problems import Problem
from ledger.kernel.fold import fold
from ledger.kernel.money import Money

LABELS = frozenset(
    map(
        fold,
        (
            *("total", "totals", "total:", "grand total", "sum", "subtotal", "sub total"),
            *("summe", "gesamt", "gesamtsumme", "total general", "totale", "somme", "suma"),
            *("合计", "总计", "小计", "合计:", "总计:", "合計", "総計", "합계"),
        ),
    )
)
"""What a total row has in place of an id."""


def differing(place: int, total: Money, above: int, since: int) -> Problem | None:
    """What is wrong with a total, which sums all rows `above` it in its currency, or those `since`
    the total before it; None where it equals either."""
    if total.minor in (above, since):
        return None
    sums = dict.fromkeys(Money(minor, total.currency).text for minor in (above, since))
    said = f"found the total {total.text} {total.currency}, expected {' or '.join(sums)}"
    return Problem(place, "totals_differ", f"{said} by the rows above. Are some missing?")


class RunningSums:
    """Running sums in each currency, from the first row and since the last total."""

    def __init__(self) -> None:
        self._above: dict[str, int] = {}
        self._since: dict[str, int] = {}

    @property
    def currencies(self) -> list[str]:
        """The currencies of the rows so far, in order of appearance."""
        return list(self._above)

    def add(self, amount: Money) -> None:
        """Adds a row that is not a total."""
        for sums in (self._above, self._since):
            sums[amount.currency] = sums.get(amount.currency, 0) + amount.minor

    def check(self, place: int, total: Money) -> Problem | None:
        """Checks a total row; returns what is wrong with it, or None."""
        code = total.currency
        return differing(place, total, self._above.get(code, 0), self._since.pop(code, 0))
