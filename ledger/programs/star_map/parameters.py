"""The parameters of the star-map: what a task costs, and which links may be listed, by date."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, field_validator

from ledger.aggregates.fields import Id
from ledger.aggregates.live_task import Link, Media
from ledger.kernel.errors import Refusal
from ledger.kernel.instants import DATE
from ledger.kernel.money import decimal_of
from ledger.programs.checking import complete, refuse_bad_dates, typed
from ledger.programs.edition import Edition

CODES: tuple[str, ...] = ()
"""No condition declines a task's line."""
HELD = ("base_missing", "fx_rate_missing")
"""Codes for which a line can be held, in the order in which they are named."""


class Row(BaseModel):
    """A row in force from a day on for links of a kind, in some categories or in all."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    first: Annotated[date, Field(alias="from")]
    link: Link
    categories: Annotated[tuple[Id, ...] | None, Field(min_length=1)] = None

    @field_validator("first", mode="before")
    @classmethod
    def _plain_day(cls, day: Any) -> Any:
        """A TOML date, or its text as recorded; refuses numbers, which pydantic would accept."""
        if type(day) is not date and not (isinstance(day, str) and DATE.fullmatch(day)):
            raise ValueError("a day is written as 2020-08-20")
        return day

    def holds(self, day: date, category: str) -> bool:
        """Whether the row applies to a category on a day."""
        return self.first <= day and (self.categories is None or category in self.categories)


class Charge(Row):
    """A charge: a share of an amount that a task reports."""

    base: Literal["gmv", "creator_fee", "price"]
    rate: Annotated[str, Field(description="a share as a decimal string, 0 to 1")]

    @field_validator("rate")
    @classmethod
    def _is_share(cls, rate: str) -> str:
        try:
            share = decimal_of(rate)
        except Refusal as refusal:
            raise ValueError(refusal.sentence) from None
        if not 0 <= share <= 1:
            raise ValueError(f"{rate} does not lie in 0..1")
        return rate


class Entrance(Row):
    """Who may list a link: anybody, a store that ordered a task for it, or nobody."""

    media: Media = "live"
    access: Literal["open", "task", "closed"]


R = TypeVar("R", bound=Row)


def in_force(rows: Iterable[R], day: date, category: str) -> R | None:
    """The row that counts on a day: the latest; among rows from the same day, the one that names
    the category. None without any."""
    candidates = (row for row in rows if row.holds(day, category))
    return max(candidates, key=lambda row: (row.first, row.categories is not None), default=None)


SCHEDULE = (
    Charge.model_validate(
        {"from": "2020-07-31", "link": "shop", "categories": ("cosmetics",)}
        | {"base": "gmv", "rate": "0.01"}
    ),
    Charge.model_validate(
        {"from": "2020-07-31", "link": "third_party", "categories": ("cosmetics",)}
        | {"base": "creator_fee", "rate": "0.05"}
    ),
    Charge.model_validate({"from": "2020-08-20", "link": "shop", "base": "price", "rate": "0.05"}),
    Charge.model_validate(
        {"from": "2020-08-20", "link": "third_party", "base": "price", "rate": "0.20"}
    ),
)
ENTRANCES = (
    Entrance.model_validate(
        {"from": "2020-07-31", "link": "third_party", "categories": ("cosmetics",)}
        | {"access": "task"}
    ),
    Entrance.model_validate({"from": "2020-09-06", "link": "third_party", "access": "task"}),
    Entrance.model_validate({"from": "2020-10-09", "link": "third_party", "access": "closed"}),
)


class Parameters(BaseModel):
    """The edition's values. Days are calendar days of the edition's zone."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schedule: tuple[Charge, ...] = SCHEDULE
    access: tuple[Entrance, ...] = ENTRANCES
    payer: Literal["store", "creator"] = "store"
    rate_max_age_days: Annotated[int, Field(ge=0, le=366, strict=True)] = 7

    @field_validator("schedule")
    @classmethod
    def _one_charge(cls, rows: tuple[Charge, ...]) -> tuple[Charge, ...]:
        _refuse_rivals((row, row.link) for row in rows)
        return rows

    @field_validator("access")
    @classmethod
    def _one_entrance(cls, rows: tuple[Entrance, ...]) -> tuple[Entrance, ...]:
        _refuse_rivals((row, f"{row.link} in {row.media}") for row in rows)
        return rows

    def charge(self, link: str, day: date, category: str) -> Charge | None:
        """The charge for a task ordered on a day."""
        return in_force((row for row in self.schedule if row.link == link), day, category)

    def entrance(self, media: str, link: str, day: date, category: str) -> Entrance | None:
        """The row for a link listed on a day."""
        rows = (row for row in self.access if (row.media, row.link) == (media, link))
        return in_force(rows, day, category)


def _refuse_rivals(rows: Iterable[tuple[Row, str]]) -> None:
    """Raises `ValueError` for two rows from the same day for the same category: neither would take
    precedence."""
    seen: set[tuple[str, date, str | None]] = set()
    for row, about in rows:
        for category in row.categories or (None,):
            key = (about, row.first, category)
            if key in seen:
                named = f"category {category}" if category else "all categories"
                raise ValueError(f"two rows from {row.first} for {about} links of {named}")
            seen.add(key)


def parameters_of(edition: Edition) -> Parameters:
    """The typed parameters. Raises `BadTerms` naming each key that is wrong."""
    return typed(Parameters, edition)


def checked(edition: Edition, rules_version: int) -> Edition:
    """The edition with every parameter written out, as it is published.

    Raises `BadTerms` for an end before the start, conflicting rows, or a citation of something
    that is not a parameter.
    """
    refuse_bad_dates(edition, needs_end=False)
    parameters = parameters_of(edition)
    return complete(edition, parameters, rules_version)


def share_text(rate: str) -> str:
    """A share in per cent: `0.05` is `5 %`."""
    return f"{(Decimal(rate) * 100).normalize():f} %"
