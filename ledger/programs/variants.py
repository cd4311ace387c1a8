"""Variants: the same rule run with a single change, for how the platform may have calculated."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any, NamedTuple

from ledger.aggregates.base import Recorded
from ledger.aggregates.store import GMVRecorded
from ledger.kernel.money import Rounding
from ledger.programs.edition import Edition

DAY_SHIFTS = {"day_earlier": -1, "day_later": 1}
"""What-ifs about another day, and by how many days it moves."""

ROUNDINGS: dict[Rounding, str] = {
    "cut_off": "cut off instead of half up",
    "half_even": "half to even",
}
"""What-ifs about another rounding, in words; assumed as `rounding:cut_off`, for example."""
REFUNDS_IGNORED = "refunds_ignored"
"""The what-if in which refunds of archived orders are not deducted."""
ROUNDING = "rounding:"
ONCE_PER_LINE = f"{ROUNDING}once"
"""The what-if in which a line's parts are summed unrounded and the sum is rounded once."""


class Variant(NamedTuple):
    """A single change: other terms, a condition taken as met, or a filter on the facts."""

    because: str
    detail: str
    edition: Edition
    assume: frozenset[str] = frozenset()
    keep: Callable[[Recorded], bool] | None = None
    condition: str | None = None
    """The code of the condition that is taken as met, where that is the only change: lines that
    meet it stay the same."""


def with_terms(edition: Edition, **changed: Any) -> Edition:
    """The edition with other parameters."""
    return edition.model_copy(update={"terms": {**edition.terms, **changed}})


def conditions(edition: Edition, codes: tuple[str, ...]) -> Iterator[Variant]:
    """Each condition taken as met."""
    for code in codes:
        yield Variant(code, "taken as met", edition, frozenset({code}), condition=code)


def windows(edition: Edition) -> Iterator[Variant]:
    """The term a day longer or shorter at its end, and its days counted in UTC."""
    if edition.last is not None:
        for days, word in ((1, "longer"), (-1, "shorter")):
            last = edition.last + timedelta(days=days)
            changed = edition.model_copy(update={"last": last})
            yield Variant("term", f"a day {word}: to {last}", changed)
    yield from in_utc(edition)


def in_utc(edition: Edition) -> Iterator[Variant]:
    """The edition's days counted in UTC."""
    if edition.zone != "UTC":
        changed = edition.model_copy(update={"zone": "UTC"})
        yield Variant("zone", f"days in UTC instead of {edition.zone}", changed)


def another_day(edition: Edition) -> Iterator[Variant]:
    """An act judged as of the day before or after its own, for rules that use `day_assumed`."""
    for what_if in DAY_SHIFTS:
        detail = f"a {what_if.replace('_', ' ')}"
        yield Variant("day", detail, edition, frozenset({what_if}))


def day_assumed(day: date, assume: frozenset[str]) -> date:
    """The day of an act, moved where a what-if says so."""
    return day + timedelta(days=sum(by for what, by in DAY_SHIFTS.items() if what in assume))


def refunds(edition: Edition) -> Iterator[Variant]:
    """Refunds left out of GMV: those reported as facts, and those in archived orders."""
    taken = frozenset({REFUNDS_IGNORED})
    yield Variant("refund_ignored", "refunds are not deducted", edition, taken, keep=no_refund)


def roundings(edition: Edition) -> Iterator[Variant]:
    """Fractions of the minor unit cut off, or halves rounded to even."""
    for rounding, detail in ROUNDINGS.items():
        yield Variant("rounding", detail, edition, frozenset({f"{ROUNDING}{rounding}"}))


def roundings_of_orders(edition: Edition) -> Iterator[Variant]:
    """The same for lines that sum orders, and the whole line rounded once."""
    yield from roundings(edition)
    detail = "once per line instead of per order"
    yield Variant("rounding", detail, edition, frozenset({ONCE_PER_LINE}))


def rounding_of(assume: frozenset[str]) -> Rounding:
    """How amounts are rounded: half up, or as a what-if says."""
    return next(
        (rounding for rounding in ROUNDINGS if f"{ROUNDING}{rounding}" in assume), "half_up"
    )


def no_refund(recorded: Recorded) -> bool:
    """Whether a fact is not a refund."""
    event = recorded.event
    return not (isinstance(event, GMVRecorded) and event.is_refund)


def _read(value: Any) -> str:
    """A parameter's value as people read it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(_read, value))
    return "not set" if value is None else str(value)


def other_readings(edition: Edition, readings: dict[str, tuple[Any, ...]]) -> Iterator[Variant]:
    """Each of the parameters with each of its other values."""
    for name, values in readings.items():
        for value in values:
            if edition.terms.get(name) != value:
                detail = f"{_read(value)} instead of {_read(edition.terms.get(name))}"
                yield Variant(name, detail, with_terms(edition, **{name: value}))
