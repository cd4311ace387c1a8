"""Tax included in lines: one rate on top of ours, said by several lines that nothing explains."""

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
    """A line that nothing explains: both amounts, without their common sign."""

    id: str
    ours: int
    theirs: int


def with_taxes(breaks: list[Break]) -> list[Break]:
    """The breaks of lines, those named that one rate of tax gives to the cent.

    Lines of one amount alone, such as fixed awards, say nothing of a rate.
    """
    named: dict[str, Tax] = {}
    for currency in sorted({one.currency for one in breaks if one.currency}):
        telling = list(_telling(breaks, currency))
        for tax in _candidates(telling):
            fits = [one for one in telling if one.id not in named and _fits(one, tax)]
            if _is_said(fits, telling):
                named |= {one.id: tax for one in fits}
    return [
        one.model_copy(update={"likely": (_cause(named[one.id], one),)}) if one.id in named else one
        for one in breaks
    ]


def _telling(breaks: Sequence[Break], currency: str) -> Iterator[_Telling]:
    for one in breaks:
        if one.kind != "amount_differs" or one.likely or one.currency != currency:
            continue
        ours, theirs = (Money.parse(text, currency).minor for text in (one.ours, one.theirs))
        if ours * theirs > 0:
            yield _Telling(one.id, abs(ours), abs(theirs))


def _candidates(telling: Sequence[_Telling]) -> Iterator[Tax]:
    """Rates that enough lines say, each large enough to say one alone; the shortest first."""
    for decimals in GRIDS:
        scale = 10**decimals
        votes: Counter[int] = Counter()
        for one in telling:
            units = round((one.theirs - one.ours) * scale / one.ours)
            if one.ours > 2 * scale and 0 < units * 100 <= TAX_PERCENT_MAX * scale:
                votes[units] += 1
        for units, count in votes.most_common():
            if count >= TAX_ORDERS:
                yield Tax(decimals, units)


def _fits(one: _Telling, tax: Tax) -> bool:
    scale = int(10**tax.decimals)
    return (2 * one.ours * (scale + tax.units) + scale) // (2 * scale) == one.theirs


def _is_said(fits: Sequence[_Telling], telling: Sequence[_Telling]) -> bool:
    """Whether enough lines say it, and their differences tell anything."""
    return (
        len(fits) >= TAX_ORDERS
        and len(fits) * 100 >= len(telling) * TAX_SHARE_PERCENT
        and len({one.ours for one in fits}) > 1
        and max(one.theirs - one.ours for one in fits) > TELLING
    )


def _cause(tax: Tax, one: Break) -> Cause:
    return Cause(because="tax", detail=tax.detail, gives=one.theirs or "")
