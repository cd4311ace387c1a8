"""The input of a month's fees: the stores with orders, their onboarding, their discounts."""

from collections.abc import Collection
from datetime import date, timedelta
from typing import Any, NamedTuple

from ledger.aggregates.base import Recorded
from ledger.aggregates.store import DiscountRevoked, MerchantOnboarded
from ledger.aggregates.store_state import StoreState
from ledger.kernel.instants import EARLIEST, day_of, midnight
from ledger.kernel.period import ONE_DAY, Days, Window
from ledger.programs.by_order import refuse_negative
from ledger.programs.contract import OrderReader, OrderSession, OrderTables, Reader
from ledger.programs.edition import Edition
from ledger.programs.order_questions import OrderQuestion
from ledger.programs.technical_fee.expression import EXPRESSIONS, Setting, Shape
from ledger.programs.technical_fee.parameters import Discount, Parameters
from ledger.programs.technical_fee.rates import is_plain, spans_of, tables_of
from ledger.programs.variants import ONCE_PER_LINE, rounding_of

TOPICS = (MerchantOnboarded.TOPIC, DiscountRevoked.TOPIC)
NEVER = Window(EARLIEST, EARLIEST)


CALLS_SQL = "SELECT store, array_agg(DISTINCT file) FROM orders GROUP BY store"


class Shop(NamedTuple):
    """An onboarded store, with the windows of its discounts and their revocation, if any."""

    store: str
    onboarding: Recorded
    revoked: Recorded | None
    windows: tuple[Window, ...]


def setting_of(
    edition: Edition, parameters: Parameters, assume: frozenset[str] = frozenset()
) -> Setting:
    """What the expression is built from."""
    shapes = tuple(
        Shape(discount.ppm, discount.traffic, discount.categories)
        for discount in parameters.running
    )
    spans = None if is_plain(parameters) else len(spans_of(parameters, edition.zone))
    return Setting(
        *(shapes, edition.currency, parameters.refunds == "deduct", spans),
        rounding=rounding_of(assume),
        once=ONCE_PER_LINE in assume,
    )


def shops(
    reader: Reader, edition: Edition, parameters: Parameters, stores: Collection[str]
) -> dict[str, Shop]:
    """Those of the stores that are onboarded in one of the edition's markets.

    Orders of stores not onboarded yet wait; stores onboarded elsewhere do not concern the edition.
    """
    states = reader.states("store", stores, StoreState, TOPICS)
    together = _revoked_together(reader, edition)
    by_name = {}
    for name, state in states.items():
        onboarding = state.onboarding
        if onboarding is not None and _ours(onboarding, parameters):
            revoked = state.revocation(together)
            from_start = parameters.revoked == "from_onboarding"
            windows = tuple(
                window_of(discount, onboarding, revoked, edition, revoked_from_start=from_start)
                for discount in parameters.running
            )
            by_name[name] = Shop(name, onboarding, revoked, windows)
    return by_name


def _ours(onboarding: Recorded, parameters: Parameters) -> bool:
    return parameters.markets is None or onboarding.event.market in parameters.markets


def _revoked_together(reader: Reader, edition: Edition) -> set[str]:
    """The programs whose revocations end the edition's discounts: itself, and the other editions
    of these rules by the same publisher, by the versions that count."""
    known = reader.publishers(edition.rules)
    own = known.get(edition.program, edition.publisher)
    return {edition.program, *(name for name, other in known.items() if other == own)}


def window_of(
    discount: Discount,
    onboarding: Recorded,
    revoked: Recorded | None,
    edition: Edition,
    *,
    revoked_from_start: bool = False,
) -> Window:
    """From `first_day` days after the onboarding's day, for `days` days, until a revocation."""
    day = day_of(onboarding.at, edition.zone)
    if day < discount.onboarded_from or day > (discount.onboarded_to or date.max):
        return NEVER
    if revoked is not None and revoked_from_start:
        return NEVER
    start = midnight(day + discount.first_day * ONE_DAY, edition.zone)
    end = midnight(day + timedelta(days=discount.first_day + discount.days), edition.zone)
    if revoked is not None:
        end = max(min(end, revoked.at), start)
    return Window(start, end)


def tables(edition: Edition, parameters: Parameters, shops: Collection[Shop]) -> OrderTables:
    """The small tables that the expression joins the orders with, column by column."""
    stores: dict[str, list[object]] = {"store": [shop.store for shop in shops]}
    for number in range(len(parameters.running)):
        stores[f"starts_{number}"] = [shop.windows[number].start for shop in shops]
        stores[f"ends_{number}"] = [shop.windows[number].end for shop in shops]
    return {**tables_of(parameters, edition.currency, edition.zone), "stores": stores}


class Month(NamedTuple):
    """The order lines of a month with their stores."""

    session: OrderSession
    setting: Setting
    tables: OrderTables
    shops: dict[str, Shop]

    def ask(
        self, kind: str, columns: tuple[str, ...], order: tuple[str, ...] = ()
    ) -> list[tuple[Any, ...]]:
        """Rows of the expression `kind` (see `EXPRESSIONS`), with these columns."""
        question = OrderQuestion(EXPRESSIONS[kind], self.setting, columns, order)
        return self.session.ask(question, self.tables)

    def by_day(self, days: Days) -> list[tuple[str, date, int]]:
        """The fees in minor units by store and day: all orders are of one of these days."""
        count = (days.last - days.first).days + 1
        every = [days.first + number * ONE_DAY for number in range(count)]
        begins: dict[str, list[object]] = {
            f"begins_{number}": [midnight(day, days.zone)] for number, day in enumerate(every)
        }
        setting = self.setting._replace(days=count)
        columns, order = ("store", "day", "fee"), ("store", "day")
        question = OrderQuestion(EXPRESSIONS["days"], setting, columns, order)
        rows = self.session.ask(question, {**self.tables, "days": begins})
        return [(store, every[number], fee) for store, number, fee in rows]

    def calls(self, reader: OrderReader) -> dict[str, frozenset[int]]:
        """The calls that brought the orders that count, by store."""
        rows = self.session.ask(CALLS_SQL, {})
        return {store: frozenset(map(reader.order_position, files)) for store, files in rows}


def month_of_orders(
    reader: OrderReader,
    edition: Edition,
    parameters: Parameters,
    window: Window,
    stores: Collection[str] | None,
    assume: frozenset[str] = frozenset(),
) -> Month | None:
    """The order lines created in a window, of some stores or all; None without any."""
    session = reader.order_session(window, None if stores is None else sorted(stores))
    if session is None:
        return None
    setting = setting_of(edition, parameters, assume)
    bare = Setting((), edition.currency, setting.deduct_refunds)  # nothing else matters here
    least = dict(session.ask(OrderQuestion(EXPRESSIONS["least"], bare, ("store", "least")), {}))
    refuse_negative(least)
    known = shops(reader, edition, parameters, least)
    if not known:
        return None
    return Month(session, setting, tables(edition, parameters, known.values()), known)
