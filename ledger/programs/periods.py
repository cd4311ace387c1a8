"""The days that a run is about: an edition's whole term, or one month of it."""

import re
from calendar import monthrange
from datetime import date

from ledger.kernel.errors import WrongPeriod
from ledger.kernel.period import Days
from ledger.programs.edition import Edition


def whole_term(edition: Edition, period: str | None) -> Days:
    """The term of an edition that settles as a whole. Raises `WrongPeriod` for a month."""
    if period is not None:
        raise WrongPeriod(
            f"{edition.program} settles its whole term; found the period {period!r}.",
            f"Leave the period out: {edition.program}",
        )
    return edition.days


MONTH = re.compile(r"(20[0-9]{2}|21[0-9]{2})-(0[1-9]|1[0-2])", re.ASCII)


def month(edition: Edition, period: str | None) -> Days:
    """A month of an edition that settles by month, cut at the edition's first and last day.

    Raises `WrongPeriod` for none, for one that is written otherwise, or one outside.
    """
    if period is None:
        raise WrongPeriod(
            f"{edition.program} settles by month; no month is given.",
            f"Name one: {edition.program} {edition.first:%Y-%m}",
        )
    found = MONTH.fullmatch(period)
    if not found:
        raise WrongPeriod(
            f"{period!r} is not a month.", f"Write it as {edition.first:%Y-%m}, year and month."
        )
    year, number = int(found[1]), int(found[2])
    first = date(year, number, 1)
    last = date(year, number, monthrange(year, number)[1])
    if last < edition.first or (edition.last is not None and first > edition.last):
        raise WrongPeriod(
            f"{edition.program} does not run in {period}: it is valid from {edition.first}"
            + (f" to {edition.last}." if edition.last else "."),
            "Name a month of the edition.",
        )
    ends = last if edition.last is None else min(last, edition.last)
    return Days(max(first, edition.first), ends, edition.zone)
