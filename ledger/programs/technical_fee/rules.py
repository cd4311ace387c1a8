"""The technical service fee: per order, one line per store and month. Source: seed 004.

Map: the fee of each order, as one table expression. Reduce: the sum per store. A store-month
with an order whose category has no rate is held as a whole; nothing is guessed.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple

from ledger.kernel.decision import Step
from ledger.kernel.errors import BadTerms, NoSuchLine
from ledger.kernel.instants import Instant, format_instant, local
from ledger.kernel.money import Money
from ledger.kernel.period import Days, Window
from ledger.programs.contract import Answer, Asked, Line, OrderReader
from ledger.programs.edition import Edition
from ledger.programs.periods import month
from ledger.programs.technical_fee.expression import NONE, sql_of
from ledger.programs.technical_fee.gather import (
    Shop,
    month_window,
    setting_of,
    shops,
    tables,
)
from ledger.programs.technical_fee.order_side import order_side
from ledger.programs.technical_fee.parameters import (
    HELD,
    Parameters,
    checked,
    parameters_of,
    rate_text,
)

__all__ = ["order_side"]
KIND = "technical_fee"


class Total(NamedTuple):
    """Orders of one store, scene, category, rate and discount, summed."""

    store: str
    scene: str
    category: str
    base: int | None
    ppm: int | None
    discount: int
    foreign: bool
    orders: int
    net: int
    fee: int | None


def settle_v1(reader: OrderReader, asked: Asked) -> Answer:
    """One line for every onboarded store with orders created in the month.

    With a subject, a store's id, only that store's line. Raises `NoSuchLine`, `WrongPeriod`.
    """
    edition, subject = asked.edition, asked.subject
    parameters = parameters_of(edition)
    window = month_window(month(edition, asked.period).window, reader.clocks.as_of)
    wanted = None if subject is None else [subject]
    known = shops(reader, edition, parameters, reader.stores_with_orders(window, wanted))
    if subject is not None and subject not in known:
        raise NoSuchLine(
            f"{edition.program} has no line for the store {subject!r} in {asked.period}: it has "
            "no orders then, or nobody has onboarded it.",
            f"List the lines: duebook settle {edition.program} {asked.period}",
        )
    rows = _ask(reader, "totals", edition, parameters, window, known, wanted)
    by_store: dict[str, list[Total]] = defaultdict(list)
    for row in rows:
        one = Total(*row)
        by_store[one.store].append(one)
    files = reader.order_files(window)
    lines = [
        _line(known[store], sorted(found, key=_order), asked, parameters, files)
        for store, found in by_store.items()
    ]
    return Answer(sorted(lines, key=lambda line: line.line))


def orders_of(reader: OrderReader, asked: Asked) -> list[dict[str, Any]]:
    """Every order of a store's month with its fee, for `explain --orders`."""
    edition = asked.edition
    parameters = parameters_of(edition)
    window = month_window(month(edition, asked.period).window, reader.clocks.as_of)
    wanted = None if asked.subject is None else [asked.subject]
    known = shops(reader, edition, parameters, reader.stores_with_orders(window, wanted))
    names = [one.name for one in parameters.running]
    columns = ORDER_COLUMNS
    found = []
    for row in _ask(reader, "orders", edition, parameters, window, known, wanted):
        one = dict(zip(columns, row, strict=True))
        currency = one["currency"]
        found.append(
            {
                "order_id": one["order_id"],
                "store": one["store"],
                "created_at": format_instant(one["created_at"]),
                "amount": Money(one["amount_minor"], currency).text,
                "refunded": Money(one["refunded_minor"], currency).text,
                "currency": currency,
                "scene": one["scene"],
                "category": one["category"],
                "rate": None if one["base"] is None else rate_text(one["base"]),
                "discount": None if one["discount"] == NONE else names[one["discount"]],
                "charged_rate": None if one["ppm"] is None else rate_text(one["ppm"]),
                "fee": None if one["fee"] is None else Money(-one["fee"], currency).text,
            }
        )
    return found


ORDER_COLUMNS = (
    *("store", "order_id", "created_at", "amount_minor", "refunded_minor", "currency"),
    *("scene", "category", "base", "ppm", "discount", "fee"),
)
"""What is asked of every order, in this order."""
TOTAL_COLUMNS = Total._fields


def _ask(
    reader: OrderReader,
    kind: str,
    edition: Edition,
    parameters: Parameters,
    window: Window,
    known: dict[str, Shop],
    stores: list[str] | None,
) -> Iterable[tuple[Any, ...]]:
    """The expression run over the order lines that count."""
    columns = TOTAL_COLUMNS if kind == "totals" else ORDER_COLUMNS
    expression = sql_of(kind, setting_of(edition, parameters))
    listed = ", ".join(f'"{name}"' for name in columns)
    order = "" if kind == "totals" else " ORDER BY store, created_at, order_id"
    sql = f"SELECT {listed} FROM ({expression}){order}"
    return reader.ask_orders(sql, window, stores, tables(parameters, known.values()))


def _order(one: Total) -> tuple[str, str, int, int]:
    return one.category, one.scene, one.discount, one.ppm or 0


def _line(
    shop: Shop, found: list[Total], asked: Asked, parameters: Parameters, files: tuple[int, ...]
) -> Line:
    """The store's line: minus the fees of its orders, or held as a whole."""
    edition = asked.edition
    missing = sorted({one.category for one in found if one.base is None})
    foreign = any(one.foreign for one in found)
    reasons = {HELD[0]: bool(missing), HELD[1]: foreign}
    held_for = tuple(code for code in HELD if reasons[code])
    zero = Money.zero(edition.currency)
    amount = zero
    if not held_for:
        amount = Money(-sum(one.fee or 0 for one in found), edition.currency)
    outcome = "held" if held_for else "payable"
    events = {shop.onboarding.position, *files}
    if shop.revoked is not None:
        events.add(shop.revoked.position)
    tree = Step(
        f"technical service fee of store {shop.store} for {asked.period}: {outcome}",
        amount,
        required="(amount - refunded) x rate, half up to the cent, once per order",
        observed=_observed(found, missing, foreign, edition),
        clause=edition.cite.get("technical_fee"),
        events=tuple(sorted(events)),
        parts=(
            *(_part(one, edition, parameters) for one in found),
            *_discount_steps(shop, edition, parameters),
        ),
    )
    name = f"store:{shop.store}"
    return Line(
        f"{edition.program}/{asked.period}/{shop.store}",
        *(KIND, name, name, outcome, amount, (), held_for, tree),
    )


def _observed(found: list[Total], missing: list[str], foreign: bool, edition: Edition) -> str:
    said = f"{sum(one.orders for one in found)} orders"
    if missing:
        said += f"; no rate for {', '.join(missing)}"
    if foreign:
        said += f"; orders in another currency than {edition.currency}"
    return said


def _part(one: Total, edition: Edition, parameters: Parameters) -> Step:
    """The orders of one scene, category, rate and discount."""
    label = f"{one.category}, {one.scene}"
    if one.foreign:
        return Step(label, observed=f"{one.orders} orders in another currency", pending=HELD[1])
    net = Money(one.net, edition.currency)
    said = f"{one.orders} orders, {net.text} {edition.currency}"
    if one.ppm is None or one.base is None or one.fee is None:
        return Step(
            label,
            observed=said,
            clause=edition.cite.get("rates"),
            pending=HELD[0],
            code=HELD[0],
        )
    required = f"rate {rate_text(one.base)}"
    if one.discount != NONE:
        required = f"{parameters.running[one.discount].name}: {rate_text(one.ppm)} instead of "
        required += rate_text(one.base)
    fee = Money(-one.fee, edition.currency)
    return Step(label, fee, required=required, observed=said, clause=edition.cite.get("rates"))


def _discount_steps(shop: Shop, edition: Edition, parameters: Parameters) -> list[Step]:
    """From when to when each discount runs for the store; those that do not, too."""
    steps = []
    for one, window in zip(parameters.running, shop.windows, strict=True):
        if window.start < window.end:
            said = f"orders created from {_local(window.start, edition)} to before "
            said += _local(window.end, edition)
        else:
            said = "does not run for this store"
        events = [shop.onboarding.position]
        if shop.revoked is not None:
            said += f"; revoked {_local(shop.revoked.at, edition)}"
            events.append(shop.revoked.position)
        steps.append(
            Step(
                f"discount {one.name}, {rate_text(one.ppm)}",
                required=f"day {one.first_day} to {one.first_day + one.days - 1} after onboarding"
                + (f", {one.traffic} traffic" if one.traffic else ""),
                observed=said,
                clause=edition.cite.get("discounts"),
                events=tuple(sorted(events)),
            )
        )
    return steps


def _local(instant: Instant, edition: Edition) -> str:
    return local(instant, edition.zone)


VERSIONS = {1: settle_v1}
KEYED = {"rates": ("category", "scene")}
OBLIGES = False
JUDGED: tuple[str, ...] = ()


def check(edition: Edition) -> Edition:
    """The edition as it may be published; see `parameters.checked`."""
    if edition.rules_version is not None and edition.rules_version not in VERSIONS:
        raise BadTerms(
            f"{edition.program}: rules_version: found {edition.rules_version}, "
            f"expected one of {', '.join(map(str, VERSIONS))}."
        )
    return checked(edition, max(VERSIONS))


def scope(edition: Edition) -> tuple[str, ...]:
    """One fee in one currency: two editions of it for the same days would charge twice."""
    return (edition.currency,)


def days_of(edition: Edition, period: str | None) -> Days:
    """The month. Raises `WrongPeriod`."""
    return month(edition, period)


def settles_until(edition: Edition, period: str | None) -> Instant:
    """The month's end."""
    return month(edition, period).window.end


def provisional(edition: Edition, period: str | None, as_of: Instant) -> bool:
    """Open until the month ends."""
    return as_of < settles_until(edition, period)


def subjects_of_store(reader: OrderReader, edition: Edition, store: str) -> list[str]:
    """The store itself."""
    return [store]


def subject_of(rest: str) -> tuple[str | None, str]:
    """A line is named by month and store: `PROGRAM/2020-05/STORE`."""
    period, slash, store = rest.partition("/")
    return (period, store) if slash else (None, rest)
