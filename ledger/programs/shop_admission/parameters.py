"""The parameters of the admission of shops: who may own one, and what it may sell."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from ledger.aggregates.application import SubjectKind
from ledger.aggregates.fields import Country, Id
from ledger.programs.checking import complete, refuse_bad_dates, typed
from ledger.programs.edition import Edition

CODES = (
    *("mainland_subject", "scope_within_licence", "term_within_licence"),
    *("category_open", "qualified", "quality_met"),
)
"""Conditions, in the order in which they are named."""
HELD = ("not_stated", "open_categories_unset")
"""Codes for which a line can be held, in the order in which they are named."""


class Parameters(BaseModel):
    """The edition's values. Days are calendar days of the edition's zone."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mainland: Country = "CN"
    admitted_kinds: Annotated[tuple[SubjectKind, ...], Field(min_length=1)] = (
        *("enterprise", "individual_business", "citizen"),
    )
    licensed_kinds: Annotated[tuple[SubjectKind, ...], Field(min_length=1)] = (
        *("enterprise", "individual_business"),
    )
    open_categories: Annotated[tuple[Id, ...] | None, Field(min_length=1)] = None

    @field_validator("admitted_kinds", "licensed_kinds", "open_categories")
    @classmethod
    def _once(cls, names: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if names is not None and len(set(names)) < len(names):
            raise ValueError("a name appears twice")
        return names

    @model_validator(mode="after")
    def _licensed_are_admitted(self) -> "Parameters":
        others = sorted(set(self.licensed_kinds) - set(self.admitted_kinds))
        if others:
            raise ValueError(f"licensed_kinds: {', '.join(others)} stands in no admitted_kinds")
        return self


def parameters_of(edition: Edition) -> Parameters:
    """The typed parameters. Raises `BadTerms` naming each key that is wrong."""
    return typed(Parameters, edition)


def checked(edition: Edition, rules_version: int) -> Edition:
    """The edition with every parameter written out, as it is published.

    Raises `BadTerms` for an end before the start, a name listed twice, or a citation of
    something that is neither a parameter nor a condition.
    """
    refuse_bad_dates(edition, needs_end=False)
    return complete(edition, parameters_of(edition), rules_version, citable=CODES)
