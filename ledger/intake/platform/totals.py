"""Total rows: checked against the rows that they sum, and never treated as lines."""

from collections.abc import Sequence

from ledger.intake.platform.rows import PlatformRow
from ledger.intake.problems import Problem
from ledger.intake.sums import LABELS, RunningSums
from ledger.kernel.fold import fold


def without_totals(rows: Sequence[PlatformRow]) -> tuple[list[PlatformRow], list[Problem]]:
    """The rows without the totals, and a problem for each total that is wrong."""
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
