"""How the platform may have calculated a deposit differently, in the contract's order."""

from collections.abc import Iterator
from typing import get_args

from ledger.programs import variants
from ledger.programs.edition import Edition
from ledger.programs.months import EDGES
from ledger.programs.store_deposit.parameters import Combination, parameters_of
from ledger.programs.variants import Variant, with_terms

TAKEN = ("stayed_closed", "requirement_covered")
"""Conditions whose lines change when they are taken as met; a balance stays as it is."""


def of(edition: Edition) -> Iterator[Variant]:
    """A condition taken as met, the month or the time until the return a day longer or shorter,
    days in UTC, uses not deducted from returns, the other combination."""
    yield from variants.conditions(edition, TAKEN)
    for what_if, (detail, _, _) in EDGES.items():
        yield Variant("month", detail, edition, frozenset({what_if}))
    yield from variants.in_utc(edition)
    days = parameters_of(edition).return_after_days
    if days is not None:
        for other in (days + 1, days - 1):
            if other >= 0:
                changed = with_terms(edition, return_after_days=other)
                yield Variant("return_after_days", f"{other} instead of {days}", changed)
    detail = "uses are not taken off what goes back"
    yield Variant("uses_ignored", detail, edition, frozenset({"uses_ignored"}))
    yield from variants.other_readings(edition, {"combination": get_args(Combination)})
