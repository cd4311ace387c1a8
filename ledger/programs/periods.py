"""The days that a run is about: an edition's whole term, or one month of it."""

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
