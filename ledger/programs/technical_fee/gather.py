"""What the fee of a month rests on: the stores with orders, their onboarding, their discounts."""

from collections.abc import Collection
from datetime import date, timedelta
from typing import Any, NamedTuple

from ledger.aggregates.base import Recorded
from ledger.aggregates.store import DiscountRevoked, MerchantOnboarded
from ledger.aggregates.store_state import StoreState
from ledger.kernel.instants import EARLIEST, day_of, midnight
from ledger.kernel.period import ONE_DAY, Window
from ledger.programs.by_order import refuse_negative
from ledger.programs.contract import OrderReader, OrderSession, OrderTables, Reader
from ledger.programs.edition import Edition
from ledger.programs.technical_fee.expression import Setting, Shape, sql_of
from ledger.programs.technical_fee.parameters import Discount, Parameters
from ledger.programs.technical_fee.rates import is_plain, spans_of, tables_of
from ledger.programs.variants import ONCE_PER_LINE, rounding_of

TOPICS = (MerchantOnboarded.TOPIC, DiscountRevoked.TOPIC)
NEVER = Window(EARLIEST, EARLIEST)


CALLS_SQL = "SELECT store, list(DISTINCT file) FROM orders GROUP BY store"


class Shop(NamedTuple):
    """A store that was onboarded, with the windows of its discounts and what ended them."""

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
    """The stores among these that somebody has onboarded in one of the edition's markets.

    Orders of those that nobody has onboarded wait; those onboarded elsewhere are no matter of ours.
    """
    states = reader.states("store", stores, StoreState, TOPICS)
    together = _revoked_together(reader, edition)
    found = {}
    for name, state in states.items():
        onboarding = state.onboarding
        if onboarding is not None and _ours(onboarding, parameters):
            revoked = state.revocation(together)
            from_start = parameters.revoked == "from_onboarding"
            windows = tuple(
                window_of(discount, onboarding, revoked, edition, revoked_from_start=from_start)
                for discount in parameters.running
            )
            found[name] = Shop(name, onboarding, revoked, windows)
    return found


def _ours(onboarding: Recorded, parameters: Parameters) -> bool:
    return parameters.markets is None or onboarding.event.market in parameters.markets


def _revoked_together(reader: Reader, edition: Edition) -> set[str]:
    """The programs whose revocations end the edition's discounts: itself, and the other editions of
    these rules that the same publisher stands behind, by the versions that count."""
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
    """From `first_day` days after the onboarding's day, for so many days, until a revocation."""
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


def tables(edition: Edition, parameters: Parameters, found: Collection[Shop]) -> OrderTables:
    """The small tables that the expression joins the orders with, column by column."""
    stores: dict[str, list[object]] = {"store": [shop.store for shop in found]}
    for number in range(len(parameters.running)):
        stores[f"starts_{number}"] = [shop.windows[number].start for shop in found]
        stores[f"ends_{number}"] = [shop.windows[number].end for shop in found]
    return {**tables_of(parameters, edition.currency, edition.zone), "stores": stores}


class Month(NamedTuple):
    """The order lines of a month with the stores that they are of."""

    session: OrderSession
    setting: Setting
    tables: OrderTables
    shops: dict[str, Shop]

    def ask(self, kind: str, columns: tuple[str, ...], order: str = "") -> list[tuple[Any, ...]]:
        """Columns of the expression: summed by store, in detail, or order by order."""
        listed = ", ".join(f'"{name}"' for name in columns)
        sql = f"SELECT {listed} FROM ({sql_of(kind, self.setting)}){order}"
        return self.session.ask(sql, self.tables)

    def calls(self, reader: OrderReader) -> dict[str, frozenset[int]]:
        """Per store the calls that brought the orders that count."""
        found = self.session.ask(CALLS_SQL, {})
        return {store: frozenset(map(reader.order_position, files)) for store, files in found}


def month_of_orders(
    reader: OrderReader,
    edition: Edition,
    parameters: Parameters,
    window: Window,
    stores: Collection[str] | None,
    assume: frozenset[str] = frozenset(),
) -> Month | None:
    """The lines created in a window, of some stores or all; None where there are none."""
    session = reader.order_session(window, None if stores is None else sorted(stores))
    if session is None:
        return None
    setting = setting_of(edition, parameters, assume)
    bare = Setting((), edition.currency, setting.deduct_refunds)  # all that the least rests on
    least = dict(session.ask(f"SELECT store, least FROM ({sql_of('least', bare)})", {}))
    refuse_negative(least)
    known = shops(reader, edition, parameters, least)
    if not known:
        return None
    return Month(session, setting, tables(edition, parameters, known.values()), known)
