"""Rows that sum others: checked against them, and never claimed as a line of the platform's."""

from collections.abc import Sequence

from ledger.intake.platform.rows import PlatformRow
from ledger.intake.problems import Problem
from ledger.intake.sums import LABELS, differing
from ledger.kernel.fold import fold


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


def _is_labelled(row: PlatformRow) -> bool:
    names = [name for name in (row.line, row.store, row.order) if name]
    return any(fold(name) in LABELS for name in names)
