"""The parameters of samples and store balances: there are none, only codes that may be cited."""

from pydantic import BaseModel, ConfigDict

from ledger.programs.checking import complete, refuse_bad_dates, typed
from ledger.programs.edition import Edition

CODES = ("balance_not_negative", "followers_reached", "category_fits", "samples_left")
"""Conditions of a request, in the order in which they are named."""
HELD = ("currency_differs", "creator_unknown")
"""Codes for which a line can be held, in the order in which they are named."""
KINDS = ("freight", "sample_request", "negative_balance")


class Parameters(BaseModel):
    """Empty: the limits are those that stores set themselves, and zero; none is set by terms."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def parameters_of(edition: Edition) -> Parameters:
    """The typed parameters. Raises `BadTerms` for any."""
    return typed(Parameters, edition)


def checked(edition: Edition, rules_version: int) -> Edition:
    """The edition as it is published.

    Raises `BadTerms` for an end before the start, any parameter, or a citation of something that
    is neither a condition nor a kind of line.
    """
    refuse_bad_dates(edition, needs_end=False)
    return complete(edition, parameters_of(edition), rules_version, citable=(*CODES, *KINDS))
