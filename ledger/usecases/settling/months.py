"""Several months of an edition, one after another."""

from ledger.kernel.clocks import Clocks
from ledger.kernel.errors import WrongPeriod
from ledger.kernel.instants import day_of
from ledger.programs.edition import Edition
from ledger.programs.periods import month, month_of, months_begun
from ledger.programs.registry import program_of


def months_between(
    edition: Edition, first: str | None, last: str | None, clocks: Clocks
) -> list[str]:
    """The months from `first` to `last`, both included; by default from the edition's first month
    to its last one that has begun by as-of.

    Raises `WrongPeriod` for anything that is not a month of the edition, for months in the wrong
    order, and for an edition that settles as a whole.
    """
    if not program_of(edition.rules).periods.by_month:
        raise WrongPeriod(
            f"{edition.program} settles its whole term, not by month.",
            "Leave --from and --to out.",
        )
    for name in (first, last):
        if name is not None:
            month(edition, name)
    begin = month_of(edition.first) if first is None else first
    until = clocks.as_of if last is None else month(edition, last).window.end - 1
    start = month(edition, begin).window.start
    months = months_begun(edition, start, until)
    if not months:
        if last is None:
            day = day_of(clocks.as_of, edition.zone)
            raise WrongPeriod(f"{begin} has not begun on {day}.", "Name the last month with --to.")
        raise WrongPeriod(f"{first} is after {last}.", "Name the earlier month with --from.")
    return months
