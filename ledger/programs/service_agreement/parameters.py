"""The parameters of partners' agreements: what the text leaves open, with alternative readings."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from ledger.programs.checking import complete, refuse_bad_dates, typed
from ledger.programs.edition import Edition

CODES = ("partner_certified", "not_withheld")
"""Conditions, in the order in which they are named."""
HELD = ("fx_rate_missing", "two_feeds", "currency_differs", "shares_exceed_whole")
"""Codes for which a line can be held, in the order in which they are named."""
FLAT_FEE, GMV_SHARE, COMMISSION_SPLIT = "flat_fee", "gmv_share", "commission_split"
INCENTIVE = "incentive"
KINDS = (FLAT_FEE, GMV_SHARE, COMMISSION_SPLIT, INCENTIVE)


class Parameters(BaseModel):
    """The edition's values. Days are calendar days of the edition's zone."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    gmv_basis: Literal["settled", "placed"] = "settled"
    proration: Literal["none", "days"] = "none"
    end_day: Literal["inside", "outside"] = "inside"
    negative_months: Literal["zero", "claw_back"] = "zero"
    needs_certified: Annotated[bool, Field(strict=True)] = False
    rate_max_age_days: Annotated[int, Field(ge=0, le=366, strict=True)] = 7


def parameters_of(edition: Edition) -> Parameters:
    """The typed parameters. Raises `BadTerms` naming each key that is wrong."""
    return typed(Parameters, edition)


def checked(edition: Edition, rules_version: int) -> Edition:
    """The edition with every parameter written out, as it is published.

    Raises `BadTerms` for an end before the start, an unknown value, or a citation of something
    that is neither a parameter, nor a condition, nor a kind of line.
    """
    refuse_bad_dates(edition, needs_end=False)
    parameters = parameters_of(edition)
    return complete(edition, parameters, rules_version, citable=(*CODES, *KINDS))
