"""How the platform may have calculated an order's fee differently, in the contract's order."""

from collections.abc import Callable, Iterator
from typing import NamedTuple, get_args

from ledger.kernel.instants import EARLIEST, LATEST
from ledger.kernel.period import Window
from ledger.programs import variants
from ledger.programs.contract import OrderTables
from ledger.programs.edition import Edition
from ledger.programs.technical_fee.expression import Setting
from ledger.programs.technical_fee.gather import NEVER, Shop, setting_of, tables, window_of
from ledger.programs.technical_fee.parameters import (
    SCENES,
    Parameters,
    Revoked,
    parameters_of,
)
from ledger.programs.technical_fee.rates import rates_of_scene
from ledger.programs.variants import Variant, with_terms

DAY = 24 * 3600 * 1_000_000


class OrderVariant(NamedTuple):
    """A single change: the setting of the expression, and the tables it runs on."""

    because: str
    detail: str
    setting: Setting
    tables: OrderTables


def of(edition: Edition) -> Iterator[Variant]:
    """The changes that affect all orders of a line alike; a file with single orders allows more.

    A discount a day longer or shorter, days in UTC, a discount not applied, refunds ignored,
    another rounding, another reading.
    """
    parameters = parameters_of(edition)
    for discount in parameters.running:
        for days, word in ((discount.days + 1, "longer"), (discount.days - 1, "shorter")):
            if days:
                changed = _changed(edition, discount.name, days=days)
                yield Variant("discount_window", f"{discount.name} a day {word}", changed)
    yield from variants.windows(edition)
    for discount in parameters.running:
        changed = _changed(edition, discount.name, active=False)
        yield Variant("discount_not_applied", discount.name, changed)
    deducted = parameters.refunds == "deduct"
    other = with_terms(edition, refunds="ignore" if deducted else "deduct")
    if deducted:
        yield Variant("refund_ignored", "the fee is taken of the whole amount", other)
    else:
        yield Variant("refund_deducted", "the fee is taken less refunds", other)
    yield from variants.roundings_of_orders(edition)
    yield from variants.other_readings(edition, {"revoked": get_args(Revoked)})


def _changed(edition: Edition, name: str, **changed: object) -> Edition:
    """The edition with one discount changed."""
    discounts = [
        {**discount, **changed} if discount["name"] == name else discount
        for discount in edition.terms["discounts"]
    ]
    return with_terms(edition, discounts=discounts)


def of_orders(
    edition: Edition, parameters: Parameters, shops: dict[str, Shop]
) -> Iterator[OrderVariant]:
    """A condition, another rate, another window, a discount not applied, refunds ignored, another
    rounding."""
    setting = setting_of(edition, parameters)
    all_shops = list(shops.values())
    plain = tables(edition, parameters, all_shops)
    yield from _conditions(edition, parameters, all_shops, setting)
    for scene in SCENES:
        changed = {**plain, "rates": rates_of_scene(plain["rates"], scene)}
        yield OrderVariant("rate", f"the rate of {scene} orders", setting, changed)
    yield from _other_windows(edition, parameters, all_shops, setting)
    for number, discount in enumerate(parameters.running):
        without = [_with_window(shop, number, Window(EARLIEST, EARLIEST)) for shop in all_shops]
        windows = tables(edition, parameters, without)
        yield OrderVariant("discount_not_applied", discount.name, setting, windows)
    other = setting._replace(deduct_refunds=not setting.deduct_refunds)
    if setting.deduct_refunds:
        yield OrderVariant("refund_ignored", "the fee is taken of the whole amount", other, plain)
    else:
        yield OrderVariant("refund_deducted", "the fee is taken less refunds", other, plain)
    for rounding, detail in variants.ROUNDINGS.items():
        yield OrderVariant("rounding", detail, setting._replace(rounding=rounding), plain)
    once = setting._replace(once=True)
    yield OrderVariant("rounding", "once per order instead of per item", once, plain)


def _conditions(
    edition: Edition, parameters: Parameters, shops: list[Shop], setting: Setting
) -> Iterator[OrderVariant]:
    """Revocations ignored; each discount given to every store, all traffic, every category."""
    if any(shop.revoked for shop in shops):
        unrevoked = [
            _with_windows(
                shop, lambda n, shop: _window(shop, n, edition, parameters, revoked=False)
            )
            for shop in shops
        ]
        yield OrderVariant(
            "revocation", "not revoked", setting, tables(edition, parameters, unrevoked)
        )
    for number, discount in enumerate(parameters.running):
        always = [_with_window(shop, number, Window(EARLIEST, LATEST)) for shop in shops]
        windows = tables(edition, parameters, always)
        yield OrderVariant(discount.name, "taken as applying", setting, windows)
        own = setting.discounts[number]
        for wider, what in (
            (own._replace(traffic=None), "any traffic"),
            (own._replace(categories=None), "any category"),
        ):
            if wider != own:
                shapes = (*setting.discounts[:number], wider, *setting.discounts[number + 1 :])
                given = setting._replace(discounts=shapes)
                detail = f"taken as applying to {what}"
                yield OrderVariant(discount.name, detail, given, tables(edition, parameters, shops))


def _other_windows(
    edition: Edition, parameters: Parameters, shops: list[Shop], setting: Setting
) -> Iterator[OrderVariant]:
    """Every window a day longer or shorter at either end, then in UTC; revocations still apply."""
    for name, start, end in (
        ("a day longer", 0, DAY),
        ("a day shorter", 0, -DAY),
        ("a day earlier at its start", -DAY, 0),
        ("a day later at its start", DAY, 0),
    ):
        moved = [
            _with_windows(
                shop,
                lambda n, shop, s=start, e=end: (
                    _moved(  # type: ignore[misc]
                        shop, _window(shop, n, edition, parameters, revoked=False), s, e
                    )
                    if shop.windows[n] != NEVER
                    else NEVER
                ),
            )
            for shop in shops
        ]
        yield OrderVariant("discount_window", name, setting, tables(edition, parameters, moved))
    utc = edition.model_copy(update={"zone": "UTC"})
    in_utc = [
        _with_windows(shop, lambda n, shop: _window(shop, n, utc, parameters)) for shop in shops
    ]
    detail = f"days in UTC instead of {edition.zone}"
    yield OrderVariant("zone", detail, setting_of(utc, parameters), tables(utc, parameters, in_utc))


def _window(
    shop: Shop, number: int, edition: Edition, parameters: Parameters, *, revoked: bool = True
) -> Window:
    """When a discount runs for a store, with its revocation or as if there were none."""
    return window_of(
        parameters.running[number],
        shop.onboarding,
        shop.revoked if revoked else None,
        edition,
        revoked_from_start=parameters.revoked == "from_onboarding",
    )


def _moved(shop: Shop, window: Window, start: int, end: int) -> Window:
    """The window with other ends; a revocation still ends it."""
    last = window.end + end
    if shop.revoked is not None:
        last = min(last, shop.revoked.at)
    return Window(window.start + start, max(last, window.start + start))


def _with_windows(shop: Shop, change: Callable[[int, Shop], Window]) -> Shop:
    windows = tuple(change(number, shop) for number in range(len(shop.windows)))
    return shop._replace(windows=windows)


def _with_window(shop: Shop, number: int, window: Window) -> Shop:
    return _with_windows(shop, lambda n, shop: window if n == number else shop.windows[n])
