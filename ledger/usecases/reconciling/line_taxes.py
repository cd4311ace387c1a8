"""Tax included in lines: one rate on top of ours that fits several lines without a cause."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ledger.aggregates.reconciliation import Break, Cause
from ledger.kernel.money import Money
from ledger.usecases.reconciling.implied_rates import (
    GRIDS,
    TAX_ORDERS,
    TAX_PERCENT_MAX,
    TAX_SHARE_PERCENT,
    TELLING,
    Tax,
)


class _Telling(NamedTuple):
    """A line without a cause: both amounts in minor units, without their common sign."""

    id: str
    ours: int
    theirs: int


def with_taxes(breaks: list[Break]) -> list[Break]:
    """The breaks of lines; those that one rate of tax gives to the cent get it as their cause.

    Lines that all have one amount, such as fixed awards, tell nothing about a rate.
    """
    named: dict[str, Tax] = {}
    for currency in sorted({break_.currency for break_ in breaks if break_.currency}):
        telling = list(_telling(breaks, currency))
        for tax in _candidates(telling):
            fits = [line for line in telling if line.id not in named and _fits(line, tax)]
            if _is_supported(fits, telling):
                named |= {fit.id: tax for fit in fits}
    return [
        break_.model_copy(update={"likely": (_cause(named[break_.id], break_),)})
        if break_.id in named
        else break_
        for break_ in breaks
    ]


def _telling(breaks: Sequence[Break], currency: str) -> Iterator[_Telling]:
    for break_ in breaks:
        if break_.kind != "amount_differs" or break_.likely or break_.currency != currency:
            continue
        ours, theirs = (Money.parse(text, currency).minor for text in (break_.ours, break_.theirs))
        if ours * theirs > 0:
            yield _Telling(break_.id, abs(ours), abs(theirs))


def _candidates(telling: Sequence[_Telling]) -> Iterator[Tax]:
    """Rates that enough lines fit, counting only lines large enough to determine one; those with
    the fewest decimals first."""
    for decimals in GRIDS:
        scale = 10**decimals
        votes: Counter[int] = Counter()
        for line in telling:
            units = round((line.theirs - line.ours) * scale / line.ours)
            if line.ours > 2 * scale and 0 < units * 100 <= TAX_PERCENT_MAX * scale:
                votes[units] += 1
        for units, count in votes.most_common():
            if count >= TAX_ORDERS:
                yield Tax(decimals, units)


def _fits(line: _Telling, tax: Tax) -> bool:
    scale = int(10**tax.decimals)
    return (2 * line.ours * (scale + tax.units) + scale) // (2 * scale) == line.theirs


def _is_supported(fits: Sequence[_Telling], telling: Sequence[_Telling]) -> bool:
    """Whether enough lines fit it, and their differences are large enough to tell."""
    return (
        len(fits) >= TAX_ORDERS
        and len(fits) * 100 >= len(telling) * TAX_SHARE_PERCENT
        and len({fit.ours for fit in fits}) > 1
        and max(fit.theirs - fit.ours for fit in fits) > TELLING
    )


def _cause(tax: Tax, break_: Break) -> Cause:
    return Cause(because="tax", detail=tax.detail, gives=break_.theirs or "")
