"""Rows that sum others: checked against them, and never claimed as a line of the platform's."""

from collections.abc import Sequence

from ledger.intake.platform.rows import PlatformRow
from ledger.intake.problems import Problem
from ledger.intake.sums import LABELS, RunningSums
from ledger.kernel.fold import fold


def without_totals(rows: Sequence[PlatformRow]) -> tuple[list[PlatformRow], list[Problem]]:
    """The rows without those that sum others; a problem for a sum that is none."""
    kept: list[PlatformRow] = []
    problems: list[Problem] = []
    sums = RunningSums()
    for row in rows:
        amount = row.amount
        if not _is_labelled(row) or amount is None:
            kept.append(row)
            if amount is not None:
                sums.add(amount)
            continue
        problem = sums.check(row.place, amount)
        problems += [problem] if problem else []
    return kept, problems


def _is_labelled(row: PlatformRow) -> bool:
    names = [name for name in (row.line, row.store, row.order) if name]
    return any(fold(name) in LABELS for name in names)
