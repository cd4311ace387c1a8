"""What the platform may have done otherwise with an order's fee, in the contract's order."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from ledger.kernel.instants import EARLIEST, LATEST
from ledger.kernel.period import Window
from ledger.programs.contract import OrderTables
from ledger.programs.edition import Edition
from ledger.programs.technical_fee.expression import Setting
from ledger.programs.technical_fee.gather import Shop, setting_of, tables, window_of
from ledger.programs.technical_fee.parameters import SCENES, Parameters
from ledger.programs.variants import Variant

DAY = 24 * 3600 * 1_000_000


class OrderVariant(NamedTuple):
    """One thing changed: what the expression is built from, and the tables it is run with."""

    because: str
    detail: str
    setting: Setting
    tables: OrderTables


def of(edition: Edition) -> Iterator[Variant]:
    """Fees are reconciled order by order; a whole line has no single cause."""
    return iter(())


def of_orders(
    edition: Edition, parameters: Parameters, shops: dict[str, Shop]
) -> Iterator[OrderVariant]:
    """A condition, another rate, another window, a discount not applied, refunds ignored."""
    setting = setting_of(edition, parameters)
    found = list(shops.values())
    plain = tables(parameters, found)

    def with_windows(change: Callable[[Shop, int, Window], Window]) -> OrderTables:
        return tables(parameters, [_changed(one, change) for one in found])

    running = parameters.running
    if any(one.revoked for one in found):
        unrevoked = with_windows(
            lambda shop, n, window: window_of(running[n], shop.onboarding, None, edition)
        )
        yield OrderVariant("revocation", "not revoked", setting, unrevoked)
    for number, discount in enumerate(running):
        always = with_windows(
            lambda shop, n, window, number=number: (  # type: ignore[misc]
                Window(EARLIEST, LATEST) if n == number else window
            )
        )
        yield OrderVariant(discount.name, "taken as applying", setting, always)
    for scene in SCENES:
        rates = {**plain["rates"], **dict.fromkeys(SCENES, plain["rates"][scene])}
        changed = {**plain, "rates": rates}
        yield OrderVariant("rate", f"the rate of {scene} orders", setting, changed)
    for name, start, end in (
        ("a day longer", 0, DAY),
        ("a day shorter", 0, -DAY),
        ("a day earlier at its start", -DAY, 0),
        ("a day later at its start", DAY, 0),
    ):
        moved = with_windows(lambda shop, n, w, s=start, e=end: _moved(w, s, e))  # type: ignore[misc]
        yield OrderVariant("discount_window", name, setting, moved)
    utc = edition.model_copy(update={"zone": "UTC"})
    in_utc = with_windows(
        lambda shop, n, window: window_of(running[n], shop.onboarding, shop.revoked, utc)
    )
    yield OrderVariant("zone", f"days in UTC instead of {edition.zone}", setting, in_utc)
    for number, discount in enumerate(running):
        without = with_windows(
            lambda shop, n, window, number=number: (  # type: ignore[misc]
                Window(EARLIEST, EARLIEST) if n == number else window
            )
        )
        yield OrderVariant("discount_not_applied", discount.name, setting, without)
    gross = setting._replace(deduct_refunds=not setting.deduct_refunds)
    yield OrderVariant("refund_ignored", "the fee is taken of the whole amount", gross, plain)


def _changed(shop: Shop, change: Callable[[Shop, int, Window], Window]) -> Shop:
    windows = tuple(change(shop, number, one) for number, one in enumerate(shop.windows))
    return shop._replace(windows=windows)


def _moved(window: Window, start: int, end: int) -> Window:
    """The window with other ends; one that never runs stays so."""
    if window.start >= window.end:
        return window
    return Window(window.start + start, max(window.end + end, window.start + start))
