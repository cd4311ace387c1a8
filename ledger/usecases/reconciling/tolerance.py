"""Differences too small to be examined one by one: marked and counted, never hidden."""

from collections.abc import Iterable, Mapping
from typing import Any

from ledger.aggregates.reconciliation import Break
from ledger.kernel.errors import Refusal
from ledger.kernel.money import Money, sum_by_currency

Tolerance = Mapping[str, Money]
"""The largest difference to let pass, per currency."""
NO_TOLERANCE: Tolerance = {}


class BadTolerance(Refusal):
    """A tolerance that is not an amount of a currency above zero, or is given twice."""

    hint = "Write it as --tolerance CNY=0.05, once per currency."


def parsed(texts: Iterable[str]) -> Tolerance:
    """Parses tolerances that are written as `CNY=0.05`. Raises `BadTolerance`, `BadAmount`,
    `UnknownCurrency`."""
    tolerance: dict[str, Money] = {}
    for text in texts:
        currency, equals, amount = text.partition("=")
        if not equals:
            raise BadTolerance(f"{text!r} is not a tolerance: write a currency, =, and an amount.")
        money = Money.parse(amount, currency)
        if money.minor <= 0:
            raise BadTolerance(f"A tolerance must be above zero; found {text!r}.")
        if currency in tolerance:
            raise BadTolerance(f"Two tolerances for {currency}: found {text!r} besides another.")
        tolerance[currency] = money
    return tolerance


def within_sql(tolerance: Tolerance) -> str:
    """The SQL condition for orders whose difference is within the tolerance."""
    parts = [
        f"(currency = '{code}' AND abs(ours::HUGEINT - theirs) <= {money.minor})"
        for code, money in sorted(tolerance.items())
    ]
    return f"kind = 'amount_differs' AND ({' OR '.join(parts) or 'false'})"


def marked(breaks: Iterable[Break], tolerance: Tolerance) -> list[Break]:
    """The breaks of lines; those within the tolerance are marked."""
    return [_marked(break_, tolerance) for break_ in breaks]


def _marked(break_: Break, tolerance: Tolerance) -> Break:
    passing = tolerance.get(break_.currency or "")
    if break_.kind != "amount_differs" or passing is None or break_.difference is None:
        return break_
    if abs(Money.parse(break_.difference, passing.currency).minor) > passing.minor:
        return break_
    return break_.model_copy(update={"within": passing.text})


def told(breaks: Iterable[Break], tolerance: Tolerance) -> dict[str, Any]:
    """Per currency, the tolerance, how many differences are within it, and their sum."""
    within = [break_ for break_ in breaks if break_.within is not None]
    by_currency = {}
    for code, money in sorted(tolerance.items()):
        mine = [break_ for break_ in within if break_.currency == code]
        sums = sum_by_currency([Money.parse(break_.difference, code) for break_ in mine])
        by_currency[code] = {
            "amount": money.text,
            "count": sum(break_.count or 1 for break_ in mine),
            "difference": sums.get(code, Money.zero(code)).text,
        }
    return by_currency
