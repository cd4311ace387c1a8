"""The parameters of the admission of partners: the requirements on each kind of company."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from ledger.aggregates.fields import Country
from ledger.programs.checking import NotBelowZero, complete, refuse_bad_dates, typed
from ledger.programs.edition import Edition

CODES = (
    *("no_risk_record", "region_listed", "registered_over_a_year", "scope_covers_services"),
    *("capital", "registration_certificate", "team_of_five", "fixed_office", "live_hardware"),
    "not_terminated",
)
"""Conditions, in the order in which they are named."""
HELD = ("region_unlisted", "not_stated", "fx_rate_missing")
"""Codes for which a line can be held, in the order in which they are named."""


class Parameters(BaseModel):
    """The edition's values. Days are calendar days of the edition's zone."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mainland: Country = "CN"
    listed_abroad: Annotated[tuple[Country, ...], Field(min_length=1)] = (
        *("HK", "TW", "GB", "US", "ID", "SG"),
    )
    other_regions: Literal["held", "declined"] = "held"
    registered_over_years: Annotated[int, Field(ge=0, le=100, strict=True)] = 1
    capital_min: NotBelowZero = "500000.00"
    team_min: Annotated[int, Field(ge=0, le=10**9, strict=True)] = 5
    risk_when: Literal["application", "as_of"] = "application"
    termination_bars: Annotated[bool, Field(strict=True)] = False
    rate_max_age_days: Annotated[int, Field(ge=0, le=366, strict=True)] = 7

    @field_validator("listed_abroad")
    @classmethod
    def _once(cls, regions: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(regions)) < len(regions):
            raise ValueError("a region is named twice")
        return regions

    @model_validator(mode="after")
    def _either(self) -> "Parameters":
        if self.mainland in self.listed_abroad:
            raise ValueError(f"listed_abroad: {self.mainland} is the mainland")
        return self


def parameters_of(edition: Edition) -> Parameters:
    """The typed parameters. Raises `BadTerms` naming each key that is wrong."""
    return typed(Parameters, edition)


def checked(edition: Edition, rules_version: int) -> Edition:
    """The edition with every parameter written out, as it is published.

    Raises `BadTerms` for an end before the start, a region named twice, a value below zero, or
    a citation of something that is neither a parameter nor a condition.
    """
    refuse_bad_dates(edition, needs_end=False)
    return complete(edition, parameters_of(edition), rules_version, citable=CODES)
