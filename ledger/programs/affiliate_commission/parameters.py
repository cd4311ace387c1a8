"""The parameters of affiliate commissions: who may sell, minimum rates, which orders count."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from ledger.aggregates.affiliate import share_said
from ledger.aggregates.enrolment import Count
from ledger.aggregates.fields import Country, Id
from ledger.programs.checking import complete, refuse_bad_dates, typed
from ledger.programs.edition import Edition

KIND = "affiliate_commission"
CODES = ("creator_eligible", "plan_in_force", "creator_approved", "not_own_account")
"""Why an order earns nothing, in the order in which a line names it."""
HELD = ("currency_differs", "creator_unknown")
"""Codes for which a line can be held, in the order in which they are named."""
EligibleWhen = Literal["registration", "order"]
"""Whether a creator who once met the limits may sell for good, or must meet them at each order."""
Unapproved = Literal["declined", "next_plan"]
"""What happens to an order that only open plans cover whose required approval is missing."""
OwnAccounts = Literal["no_commission", "commission"]
Refunds = Literal["deduct", "ignore"]


class Parameters(BaseModel):
    """The edition's values. Days are calendar days of the edition's zone.

    With `markets`, only orders of stores count whose onboarding names one of the markets.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    markets: Annotated[tuple[Id, ...], Field(min_length=1)] | None = None
    country: Country = "US"
    age_min: Count = 18
    followers_min: Count = 5000
    rate_minimum: str = "0.10"
    rate_suggested: str = "0.15"
    eligible_when: EligibleWhen = "registration"
    unapproved: Unapproved = "declined"
    own_accounts: OwnAccounts = "no_commission"
    refunds: Refunds = "deduct"

    @field_validator("rate_minimum", "rate_suggested")
    @classmethod
    def _is_share(cls, rate: str) -> str:
        share_said(rate)
        return rate


def parameters_of(edition: Edition) -> Parameters:
    """The typed parameters. Raises `BadTerms` naming each key that is wrong."""
    return typed(Parameters, edition)


def checked(edition: Edition, rules_version: int) -> Edition:
    """The edition with every parameter written out, as it is published.

    Raises `BadTerms` for an end before the start, a value that its parameter does not allow, or a
    citation of something that is not a parameter.
    """
    refuse_bad_dates(edition, needs_end=False)
    return complete(edition, parameters_of(edition), rules_version, citable=(*CODES, KIND))
