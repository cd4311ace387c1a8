"""The parameters of deposits: how much a store must pay in, and when it gets it back."""

from typing import Annotated, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, field_validator

from ledger.aggregates.live_task import CategoryId
from ledger.kernel.errors import BadTerms, Refusal
from ledger.kernel.money import Money
from ledger.programs.checking import NotBelowZero, complete, refuse_bad_dates, typed
from ledger.programs.edition import Edition

CODES = ("stayed_closed", "balance_left", "requirement_covered")
"""Conditions: the first two of a return, the last of the standing."""
HELD = ("currency_differs", "requirement_unset", "return_after_unset", "window_open")
"""Codes for which a line can be held, in the order in which they are named."""
KINDS = ("compensation", "deduction", "return", "standing", "top_up")
Combination = Literal["highest", "sum"]
DaysAfter = Annotated[int | None, Field(ge=0, le=3660, strict=True)]


class Requirement(BaseModel):
    """The deposit required of a store that sells in a category."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    category: CategoryId
    amount: NotBelowZero


class Parameters(BaseModel):
    """The edition's values. Days are calendar days of the edition's zone."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    requirements: tuple[Requirement, ...] | None = None
    combination: Combination = "highest"
    return_after_days: DaysAfter = None
    top_up_within_days: DaysAfter = None

    @field_validator("requirements")
    @classmethod
    def _each_once(cls, rows: tuple[Requirement, ...] | None) -> tuple[Requirement, ...] | None:
        names = [row.category for row in rows or ()]
        doubled = sorted({name for name in names if names.count(name) > 1})
        if doubled:
            raise ValueError(f"two rows for the category {doubled[0]}")
        return rows or None


class Required(NamedTuple):
    """The rows in minor units, and how the rows that apply to a store are combined."""

    rows: dict[str, int]
    combination: Combination

    def of(self, categories: frozenset[str]) -> int | None:
        """The deposit required for these categories; None (not known) where a category has no row
        or there is no category."""
        if not categories or not categories <= self.rows.keys():
            return None
        amounts = [self.rows[category] for category in categories]
        return max(amounts) if self.combination == "highest" else sum(amounts)


def required_by(parameters: Parameters, currency: str) -> Required:
    """The rows in minor units of the edition's currency. Raises `BadAmount`."""
    rows = {
        requirement.category: Money.parse(requirement.amount, currency).minor
        for requirement in parameters.requirements or ()
    }
    return Required(rows, parameters.combination)


def parameters_of(edition: Edition) -> Parameters:
    """The typed parameters. Raises `BadTerms` naming each key that is wrong."""
    return typed(Parameters, edition)


def checked(edition: Edition, rules_version: int) -> Edition:
    """The edition with every parameter written out, as it is published.

    Raises `BadTerms` for an end before the start, two rows of one category, an amount below zero
    or finer than the currency, or a citation of something that is not a parameter.
    """
    refuse_bad_dates(edition, needs_end=False)
    parameters = parameters_of(edition)
    try:
        required_by(parameters, edition.currency)
    except Refusal as refusal:
        raise BadTerms(
            f"{edition.program} [terms]: requirements: {refusal.sentence}", refusal.hint
        ) from None
    return complete(edition, parameters, rules_version, citable=(*CODES, *KINDS))
