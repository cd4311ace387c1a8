"""The parameters of the recruiting incentive, with the texts' values or our own as defaults."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from ledger.aggregates.base import Recorded
from ledger.aggregates.fields import Country, Id
from ledger.aggregates.store import ClosureReason
from ledger.kernel.errors import BadTerms, Refusal
from ledger.kernel.money import Money, decimal_of
from ledger.kernel.period import Days, days_from
from ledger.kernel.workdays import rest_days
from ledger.programs.checking import complete, refuse_bad_dates, typed
from ledger.programs.edition import Edition

CODES = (
    "partner_certified",
    "not_withheld",
    "targeted",
    "exclusive_link",
    "market",
    "first_verified",
    "first_sale_in_time",
    "gmv_over_threshold",
    "stock_in_countries",
    "store_open",
)
"""The conditions, in the order in which a line names those that are unmet."""

CAME_LATER = {
    "stock_asked_in": "the four European countries are asked of every store, also of one in "
    "another market; a list of markets asks it of theirs alone",
    "high_risk_scope": "only stores that were onboarded in the term count as high-risk. Other "
    "value: introduced_ever",
}
"""Parameters that the first version of the edition does not name, and reasons for their defaults.
"""
HELD = ("window_open", "fx_rate_missing", "two_feeds", "governance_ratio_unset")
"""Codes for which a line can be held, in the order in which they are named."""

ROLL_OVER_MARGIN = timedelta(days=30)


class Ratio(BaseModel):
    """From `at_least` high-risk stores on, the award is multiplied by `ratio`."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    at_least: Annotated[int, Field(ge=1, strict=True, alias="from")]
    ratio: str


class Parameters(BaseModel):
    """The edition's values. Days are calendar days of the edition's zone."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    award: str = "2000.00"
    markets: tuple[Id, ...] = ("EU", "JP")
    first_sale_within_days: Annotated[int, Field(ge=0, le=366, strict=True)] = 30
    gmv_over: str = "1000.00"
    gmv_basis: Literal["settled", "placed"] = "settled"
    gmv_window: Literal["first_sale_window", "term"] = "first_sale_window"
    stock_countries: tuple[Country, ...] = ("DE", "ES", "FR", "IT")
    stock_test: Literal["at_once", "each"] = "at_once"
    store_open_test: Literal["at_term_end", "throughout", "at_as_of"] = "at_term_end"
    first_scope: Literal["ever", "term"] = "ever"
    high_risk_reasons: tuple[ClosureReason, ...] = (
        "prohibited_goods",
        "counterfeit",
        "risk_red_line",
        "fake_fulfilment",
    )
    governance_ratios: tuple[Ratio, ...] | None = None
    governance_scope: Literal["recruiting", "operations_support"] = "recruiting"
    roll_over: bool = False
    rest_days: tuple[date, ...] | None = None
    rate_max_age_days: Annotated[int, Field(ge=0, le=366, strict=True)] = 7
    rate_day: Literal["order", "settlement"] = "order"
    targeted_when: Literal["as_of", "onboarding"] = "as_of"
    verified_after_term: bool = True
    high_risk_when: Literal["at_term_end", "at_as_of"] = "at_term_end"
    high_risk_cured_by_reopening: bool = True
    later_termination_forfeits: bool = False
    stock_asked_in: Literal["all"] | tuple[Id, ...] = "all"
    high_risk_scope: Literal["introduced_in_term", "introduced_ever"] = "introduced_in_term"

    @field_validator("governance_ratios")
    @classmethod
    def _ratios_fall(cls, ratios: tuple[Ratio, ...] | None) -> tuple[Ratio, ...] | None:
        """Ratios must be in 0..1, have rising counts and not rise themselves."""
        last_from, last_ratio = 0, Decimal(1)
        for row in ratios or ():
            try:
                ratio = decimal_of(row.ratio)
            except Refusal as refusal:
                raise ValueError(refusal.sentence) from None
            if not 0 <= ratio <= 1:
                raise ValueError(f"ratio {row.ratio} does not lie in 0..1")
            if row.at_least <= last_from:
                raise ValueError(f"from = {row.at_least} does not come after {last_from}")
            if ratio > last_ratio:
                raise ValueError(f"ratio {row.ratio} rises above {last_ratio}")
            last_from, last_ratio = row.at_least, ratio
        return ratios or None

    def ratio_for(self, high_risk: int) -> Decimal | None:
        """The ratio for a number of high-risk stores; None where the ratios are not published."""
        if not high_risk or self.governance_scope == "operations_support":
            return Decimal(1)
        if self.governance_ratios is None:
            return None
        reached = [row for row in self.governance_ratios if row.at_least <= high_risk]
        return Decimal(reached[-1].ratio) if reached else Decimal(1)


def parameters_of(edition: Edition) -> Parameters:
    """The typed parameters. Raises `BadTerms` naming each key that is wrong."""
    return typed(Parameters, edition)


def first_days(onboarding: Recorded, edition: Edition, parameters: Parameters) -> Days:
    """The days from an onboarding within which the first sale must fall: day 0 to day 30."""
    resting = parameters.rest_days if parameters.roll_over else None
    return days_from(onboarding.at, parameters.first_sale_within_days, edition.zone, resting)


def checked(edition: Edition, rules_version: int) -> Edition:
    """The edition with every parameter written out, as it is published.

    Raises `BadTerms` for an edition without an end, an amount that is not exact in the
    edition's currency, or a citation of something that is not a parameter.
    """
    refuse_bad_dates(edition, needs_end=True)
    parameters = parameters_of(edition)
    for key in ("award", "gmv_over"):
        try:
            money = Money.parse(getattr(parameters, key), edition.currency)
        except Refusal as refusal:
            raise BadTerms(f"{edition.program}: {key}: {refusal.sentence}", refusal.hint) from None
        if money.minor < 0:
            raise BadTerms(f"{edition.program}: {key}: {money.text} is below zero.")
    for key in ("markets", "stock_countries"):
        named = getattr(parameters, key)
        if not named or len(set(named)) < len(named):
            raise BadTerms(f"{edition.program}: {key}: name at least one, and each once.")
    fixed: dict[str, Any] = {}
    if parameters.roll_over and parameters.rest_days is None:
        assert edition.last is not None
        latest = edition.last + timedelta(days=parameters.first_sale_within_days)
        days = rest_days(edition.first, latest + ROLL_OVER_MARGIN)
        fixed["rest_days"] = [day.isoformat() for day in days]
    citable = (*CODES, "governance")
    return complete(edition, parameters, rules_version, citable=citable, **fixed)
