"""The parameters of the technical service fee: rates by date, category and scene, and discounts."""

from datetime import date
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

from ledger.aggregates.fields import Id
from ledger.kernel.errors import BadTerms, Refusal
from ledger.kernel.money import Money, decimal_of
from ledger.programs.by_order import MILLION
from ledger.programs.checking import NotBelowZero, complete, refuse_bad_dates, typed
from ledger.programs.edition import Day, Edition

SCENES = ("ad", "selected_alliance", "other")
Scene = Literal["ad", "selected_alliance", "other"]
CAME_LATER = {
    "markets": "the fee is taken of the orders of every onboarded store, whatever its market; a "
    "list of markets leaves the stores of others out",
}
"""Parameters that versions recorded before do not name, and reasons for their defaults."""
CODES: tuple[str, ...] = ()
"""No condition declines a fee."""
HELD = ("category_rate_missing", "currency_differs")
"""Codes for which a line can be held, in the order in which they are named."""
Name = Annotated[str, Field(min_length=1, max_length=64)]


def millionths(rate: str) -> int:
    """A rate as whole millionths. Raises `ValueError` outside 0..1 or with more decimals."""
    try:
        value = decimal_of(rate) * MILLION
    except Refusal as refusal:
        raise ValueError(refusal.sentence) from None
    if value != value.to_integral_value() or not 0 <= value <= MILLION:
        raise ValueError(f"rate {rate} does not lie in 0..1 with at most six decimals")
    return int(value)


Revoked = Literal["from_its_instant", "from_onboarding"]
"""From when a revoked discount no longer runs."""


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    rate: str

    @field_validator("rate")
    @classmethod
    def _is_rate(cls, rate: str) -> str:
        millionths(rate)
        return rate

    @property
    def ppm(self) -> int:
        """The rate in millionths."""
        return millionths(self.rate)


class Rate(_Row):
    """The charge for orders of a category and scene, created on some days.

    The fee of an order is its net amount x `rate` + `fixed`, at least `min` and at most `max`,
    in the edition's currency. A row without a category is for all categories that have no row of
    their own on the day, without a scene for every scene, without days for all days. `from` and
    `to` are inclusive.
    """

    category: Name | None = None
    scene: Scene | None = None
    first: Annotated[Day | None, Field(alias="from")] = None
    last: Annotated[Day | None, Field(alias="to")] = None
    fixed: NotBelowZero | None = None
    least: Annotated[NotBelowZero | None, Field(alias="min")] = None
    most: Annotated[NotBelowZero | None, Field(alias="max")] = None

    @model_validator(mode="after")
    def _in_order(self) -> "Rate":
        if self.first and self.last and self.last < self.first:
            raise ValueError(f"to: found {self.last}, expected {self.first} or later")
        if self.least and self.most and decimal_of(self.least) > decimal_of(self.most):
            raise ValueError(f"min {self.least} is above max {self.most}")
        return self

    @property
    def days(self) -> tuple[date, date]:
        """The first and the last day of the row."""
        return self.first or date.min, self.last or date.max

    @property
    def plain(self) -> bool:
        """Whether the row has only a category, perhaps a scene, and a rate."""
        extra = (self.first, self.last, self.fixed, self.least, self.most)
        return self.category is not None and all(value is None for value in extra)

    @property
    def span_text(self) -> str:
        """The row's days in words; empty where it is for all days."""
        words = (("from", self.first), ("to", self.last))
        return " ".join(f"{word} {day}" for word, day in words if day)

    @property
    def name(self) -> str:
        """What the row is for, in words."""
        text = f"category {self.category}" if self.category else "every category"
        text += f", scene {self.scene}" if self.scene else ""
        return f"{text}, {self.span_text or 'all days'}"


class Discount(_Row):
    """A lower rate for orders created some days after a store was onboarded."""

    name: Name
    onboarded_from: date
    onboarded_to: date | None = None
    first_day: Annotated[int, Field(ge=0, le=366, strict=True)]
    days: Annotated[int, Field(ge=1, le=3660, strict=True)]
    traffic: Literal["ad", "ordinary"] | None = None
    categories: tuple[Name, ...] | None = None
    active: bool = True


class Parameters(BaseModel):
    """The edition's values. Days are calendar days of the edition's zone.

    With `markets`, only orders of stores count whose onboarding names one of the markets.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    markets: Annotated[tuple[Id, ...], Field(min_length=1)] | None = None
    rates: tuple[Rate, ...] | None = None
    discounts: tuple[Discount, ...] = ()
    revoked: Revoked = "from_its_instant"
    refunds: Literal["deduct", "ignore"] = "deduct"

    @field_validator("rates")
    @classmethod
    def _one_a_day(cls, rates: tuple[Rate, ...] | None) -> tuple[Rate, ...] | None:
        """No two rows of the same category and scene may share a day."""
        keyed: dict[tuple[str | None, Scene | None], list[Rate]] = {}
        for rate in rates or ():
            keyed.setdefault((rate.category, rate.scene), []).append(rate)
        for rows in keyed.values():
            by_day = sorted(rows, key=lambda row: row.days)
            for earlier, later in pairwise(by_day):
                if later.days[0] <= earlier.days[1]:
                    raise ValueError(
                        f"two rates for one day: the row of {earlier.name} ({earlier.rate}) and "
                        f"the row of {later.name} ({later.rate}) share days"
                    )
        return rates or None

    @field_validator("discounts")
    @classmethod
    def _named_once(cls, discounts: tuple[Discount, ...]) -> tuple[Discount, ...]:
        names = [discount.name for discount in discounts]
        if len(set(names)) < len(names):
            raise ValueError("two discounts of one name")
        return discounts

    @property
    def running(self) -> tuple[Discount, ...]:
        """The discounts that are not switched off."""
        return tuple(discount for discount in self.discounts if discount.active)


def parameters_of(edition: Edition) -> Parameters:
    """The typed parameters. Raises `BadTerms` naming each key that is wrong."""
    return typed(Parameters, edition)


def checked(edition: Edition, rules_version: int) -> Edition:
    """The edition with every parameter written out, as it is published. Raises `BadTerms`."""
    refuse_bad_dates(edition, needs_end=False)
    parameters = parameters_of(edition)
    _refuse_inexact(edition, parameters)
    return complete(edition, parameters, rules_version, citable=("technical_fee",))


def _refuse_inexact(edition: Edition, parameters: Parameters) -> None:
    """Raises `BadTerms` for an amount that is not an exact decimal of the edition's currency."""
    for number, rate in enumerate(parameters.rates or ()):
        for name, amount in (("fixed", rate.fixed), ("min", rate.least), ("max", rate.most)):
            try:
                Money.parse(amount or "0", edition.currency)
            except Refusal as refusal:
                raise BadTerms(
                    f"{edition.program} [terms]: rates.{number}.{name}: {refusal.sentence}",
                    refusal.hint,
                ) from None
