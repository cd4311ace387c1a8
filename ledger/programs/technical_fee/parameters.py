"""The parameters of the technical service fee: rates by category and scene, dated discounts."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from ledger.kernel.errors import Refusal
from ledger.kernel.money import decimal_of
from ledger.programs.checking import complete, refuse_bad_dates, typed
from ledger.programs.edition import Edition

MILLION = 1_000_000
"""Rates are applied as whole millionths, so that every backend calculates exactly."""
SCENES = ("ad", "selected_alliance", "other")
Scene = Literal["ad", "selected_alliance", "other"]
CODES: tuple[str, ...] = ()
"""No condition declines a fee."""
HELD = ("category_rate_missing", "currency_differs")
"""What a line can be held for, in the order in which it is named."""
Name = Annotated[str, Field(min_length=1, max_length=64)]


def millionths(rate: str) -> int:
    """A rate as whole millionths. Raises `ValueError` outside 0..1 or with more decimals."""
    try:
        found = decimal_of(rate) * MILLION
    except Refusal as refusal:
        raise ValueError(refusal.sentence) from None
    if found != found.to_integral_value() or not 0 <= found <= MILLION:
        raise ValueError(f"rate {rate} does not lie in 0..1 with at most six decimals")
    return int(found)


Revoked = Literal["from_its_instant", "from_onboarding"]
"""From when a revoked discount runs no more."""


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
    """The rate of a category; with a scene it beats the one without."""

    category: Name
    scene: Scene | None = None


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
    """What the edition says, value by value. Days are calendar days of the edition's zone."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rates: tuple[Rate, ...] | None = None
    discounts: tuple[Discount, ...] = ()
    revoked: Revoked = "from_its_instant"
    refunds: Literal["deduct", "ignore"] = "deduct"

    @field_validator("rates")
    @classmethod
    def _each_once(cls, rates: tuple[Rate, ...] | None) -> tuple[Rate, ...] | None:
        keys = [(one.category, one.scene) for one in rates or ()]
        doubled = sorted({str(key) for key in keys if keys.count(key) > 1})
        if doubled:
            raise ValueError(f"two rates for {doubled[0]}")
        return rates or None

    @field_validator("discounts")
    @classmethod
    def _named_once(cls, discounts: tuple[Discount, ...]) -> tuple[Discount, ...]:
        names = [one.name for one in discounts]
        if len(set(names)) < len(names):
            raise ValueError("two discounts of one name")
        return discounts

    @property
    def running(self) -> tuple[Discount, ...]:
        """The discounts that are not switched off."""
        return tuple(one for one in self.discounts if one.active)

    def by_category(self) -> dict[str, dict[str, int | None]]:
        """Per category the rate of every scene in millionths; None where there is none."""
        found: dict[str, dict[str, int | None]] = {}
        for one in self.rates or ():
            own = found.setdefault(one.category, dict.fromkeys(SCENES))
            if one.scene is None:
                own |= {scene: one.ppm for scene in SCENES if own[scene] is None}
        for one in self.rates or ():
            if one.scene is not None:
                found[one.category][one.scene] = one.ppm
        return found


def rate_text(ppm: int) -> str:
    """Millionths as a decimal, without needless zeros."""
    return f"{(Decimal(ppm) / MILLION).normalize():f}"


def parameters_of(edition: Edition) -> Parameters:
    """The typed parameters. Raises `BadTerms` naming each key that is wrong."""
    return typed(Parameters, edition)


def checked(edition: Edition, rules_version: int) -> Edition:
    """The edition with every parameter written out, as it is published. Raises `BadTerms`."""
    refuse_bad_dates(edition, needs_end=False)
    parameters = parameters_of(edition)
    return complete(edition, parameters, rules_version, citable=("technical_fee",))
