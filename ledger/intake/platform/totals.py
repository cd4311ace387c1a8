"""Rows that sum others: checked against them, and never claimed as a line of the platform's."""

from collections.abc import Sequence

from ledger.intake.platform.rows import PlatformRow, Problem
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
"""What stands in the place of an id."""


def without_totals(rows: Sequence[PlatformRow]) -> tuple[list[PlatformRow], list[Problem]]:
    """The rows without those that sum others; a problem for a sum that is none."""
    kept: list[PlatformRow] = []
    problems: list[Problem] = []
    all_, since = dict[str, int](), dict[str, int]()
    for row in rows:
        amount = row.amount
        if not _is_labelled(row) or amount is None:
            kept.append(row)
            if amount is not None:
                for sums in (all_, since):
                    sums[amount.currency] = sums.get(amount.currency, 0) + amount.minor
            continue
        code = amount.currency
        problem = differing(row.place, amount, all_.get(code, 0), since.pop(code, 0))
        problems += [problem] if problem else []
    return kept, problems


def differing(place: int, total: Money, above: int, since: int) -> Problem | None:
    """What is wrong with a total, which sums all rows `above` it in its currency, or those `since`
    the total before it; None where it is one of both."""
    if total.minor in (above, since):
        return None
    sums = dict.fromkeys(Money(minor, total.currency).text for minor in (above, since))
    said = f"found the total {total.text} {total.currency}, expected {' or '.join(sums)}"
    return Problem(place, "totals_differ", f"{said} by the rows above. Are some missing?")


def _is_labelled(row: PlatformRow) -> bool:
    names = [name for name in (row.line, row.store, row.order) if name]
    return any(fold(name) in LABELS for name in names)
