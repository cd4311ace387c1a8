"""Adds up the rows of one line: what was issued, and what was adjusted since."""

from collections.abc import Sequence

from ledger.intake.platform.rows import PlatformRow
from ledger.intake.problems import Problem


def added_up(rows: Sequence[PlatformRow]) -> tuple[list[PlatformRow], list[Problem]]:
    """One row for each line, or store and kind: the sum of its amounts, the last of its outcomes,
    the place and other columns of the first. A row in another currency than the first is a
    problem."""
    sums: dict[tuple[str | None, ...], PlatformRow] = {}
    problems: list[Problem] = []
    for row in rows:
        key = (row.line,) if row.line else (row.line, row.store, row.kind, row.order, row.payer)
        first = sums.get(key)
        if first is None:
            sums[key] = row
            continue
        amount = first.amount or row.amount
        if first.amount is not None and row.amount is not None:
            if first.amount.currency != row.amount.currency:
                code, expected = row.amount.currency, first.amount.currency
                said = f"{row.line or row.store}: found {code}, expected {expected} as in row "
                problems.append(Problem(row.place, "mixed_currencies", f"{said}{first.place}."))
                continue
            amount = first.amount.plus(row.amount)
        sums[key] = first._replace(amount=amount, outcome=row.outcome or first.outcome)
    return list(sums.values()), problems
