"""Which row of the rates counts for an order, as a small table that the expression joins.

Where all rows have only a category, perhaps a scene, and a rate, the table has one row per
category: most terms are like that. Any other row needs the general table: the days are cut into
spans where some row begins or ends, and the row that counts for each category, scene and span is
looked up here, so that no engine has to choose.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import NamedTuple

from ledger.kernel.clocks import FOREVER
from ledger.kernel.instants import EARLIEST, Instant, midnight
from ledger.kernel.money import Money
from ledger.kernel.period import ONE_DAY, Window
from ledger.programs.contract import OrderKind, OrderTables
from ledger.programs.technical_fee.parameters import SCENES, Parameters, Rate

UNNAMED = ""
"""Stands for every category that no row names; no category is empty."""
NO_LIMIT = 4 * 10**18
"""A `max` where a row has none: above every fee, within 64 bits."""
PRICED = {
    **dict.fromkeys(("category", "scene"), "string"),
    **dict.fromkeys(("span", "base", "fixed", "least", "most", "row"), "int64"),
}
"""The columns of the general table: what a row charges in a span of days, and its number."""


Place = tuple[str | None, str | None, int]
"""A category, a scene, each None where a row leaves it out, and a span."""


class Priced(NamedTuple):
    """A row of the general table: rates in millionths, amounts in minor units."""

    category: str
    scene: str
    span: int
    base: int
    fixed: int
    least: int
    most: int
    row: int


def is_plain(parameters: Parameters) -> bool:
    """Whether every row has only a category, perhaps a scene, and a rate."""
    return all(rate.plain for rate in parameters.rates or ())


def days_of(rate: Rate, zone: str) -> Window:
    """The instants of a row's days."""
    start = midnight(rate.first, zone) if rate.first else EARLIEST
    end = midnight(rate.last + ONE_DAY, zone) if rate.last else FOREVER
    return Window(start, end)


def spans_of(parameters: Parameters, zone: str) -> list[Instant]:
    """The first instants of the spans of days in which the same rows count throughout."""
    windows = [days_of(rate, zone) for rate in parameters.rates or ()]
    cuts = {instant for window in windows for instant in window}
    return sorted({EARLIEST, *cuts} - {FOREVER})


def tables_of(parameters: Parameters, currency: str, zone: str) -> OrderTables:
    """The tables `rates` and, for general rows, `spans`, column by column."""
    if is_plain(parameters):
        by_category = _by_category(parameters)
        scenes = {scene: [own[scene] for own in by_category.values()] for scene in SCENES}
        return {"rates": {"category": list(by_category), **scenes}}
    starts = spans_of(parameters, zone)
    lines = list(_priced(parameters, currency, zone, starts))
    columns = zip(*lines, strict=True)
    return {
        "rates": {name: list(column) for name, column in zip(PRICED, columns, strict=True)},
        "spans": {f"begins_{number}": [start] for number, start in enumerate(starts)},
    }


def rates_of_scene(rates: Mapping[str, list[object]], scene: str) -> Mapping[str, list[object]]:
    """The table `rates` with the rates of one scene applied to every scene."""
    if scene in rates:
        return {**rates, **dict.fromkeys(SCENES, rates[scene])}
    kept = [number for number, own in enumerate(rates["scene"]) if own == scene]
    repeated = {name: [column[n] for n in kept] * len(SCENES) for name, column in rates.items()}
    return {**repeated, "scene": [own for own in SCENES for _ in kept]}


def said_of(rate: Rate, currency: str) -> str:
    """What a row has in addition to its rate, as the rest of a sentence; empty for a plain row."""
    amounts = (("plus", rate.fixed), ("at least", rate.least), ("at most", rate.most))
    parts = [
        f"{word} {Money.parse(amount, currency).text} {currency}"
        for word, amount in amounts
        if amount is not None
    ]
    if rate.category is None:
        parts.append("the row for categories without one")
    parts += [rate.span_text] if rate.span_text else []
    return "".join(f", {part}" for part in parts)


def _by_category(parameters: Parameters) -> dict[str, dict[str, object]]:
    """The rate of every scene in millionths, by category; None where there is none."""
    by_category: dict[str, dict[str, object]] = {}
    rates = sorted(parameters.rates or (), key=lambda rate: rate.scene is not None)
    for rate in parameters.rates or ():
        by_category.setdefault(str(rate.category), dict.fromkeys(SCENES))
    for rate in rates:
        scenes = SCENES if rate.scene is None else (rate.scene,)
        by_category[str(rate.category)] |= dict.fromkeys(scenes, rate.ppm)
    return by_category


def _priced(
    parameters: Parameters, currency: str, zone: str, starts: list[Instant]
) -> Iterator[Priced]:
    """The row that counts for each named category (and once for all others), scene and span."""
    rates = parameters.rates or ()
    covering = _covering(parameters, zone, starts)
    categories = dict.fromkeys((*(rate.category for rate in rates), None))
    for category, scene, span in product(categories, SCENES, range(len(starts))):
        row = _counting(covering, category, scene, span)
        if row is not None:
            name = UNNAMED if category is None else category
            yield Priced(name, scene, span, *_minor(rates[row], currency), row)


def without_rate(parameters: Parameters, zone: str, sales: Iterable[OrderKind]) -> set[str]:
    """The categories without a row for some of these orders."""
    starts = spans_of(parameters, zone)
    covering = _covering(parameters, zone, starts)
    missing = set()
    for sale in sales:
        scene = "ad" if sale.traffic == "ad" else sale.channel
        span = bisect_right(starts, sale.created_at) - 1
        if _counting(covering, sale.category, scene, span) is None:
            missing.add(sale.category)
    return missing


def _covering(parameters: Parameters, zone: str, starts: list[Instant]) -> dict[Place, int]:
    """The number of the row for each category, scene and span as named in the rows."""
    return {
        (rate.category, rate.scene, span): number
        for number, rate in enumerate(parameters.rates or ())
        for span, start in enumerate(starts)
        if start in days_of(rate, zone)
    }


def _counting(
    covering: dict[Place, int], category: str | None, scene: str, span: int
) -> int | None:
    """The row for the category and scene, else the category, else the scene, else for all."""
    for choice in ((category, scene), (category, None), (None, scene), (None, None)):
        row = covering.get((*choice, span))
        if row is not None:
            return row
    return None


def _minor(rate: Rate, currency: str) -> tuple[int, int, int, int]:
    """The rate in millionths, then the fixed part and the bounds in minor units."""
    fixed, least = (Money.parse(text or "0", currency).minor for text in (rate.fixed, rate.least))
    most = NO_LIMIT if rate.most is None else Money.parse(rate.most, currency).minor
    return rate.ppm, fixed, least, most
