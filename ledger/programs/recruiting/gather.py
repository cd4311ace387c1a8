"""Brings together the facts that each store's line is based on. Uses the index, never scans."""

from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from ledger.aggregates.base import Recorded, in_order
from ledger.aggregates.merchant import MerchantState
from ledger.aggregates.partner import PartnerCertified, PartnerState, PartnerTerminated
from ledger.aggregates.store import (
    MerchantOnboarded,
    StoreClosed,
    StoreClosing,
    StoreReopened,
    StoreSuspended,
    StoreVerified,
)
from ledger.aggregates.store_state import StoreState
from ledger.kernel.counted import counted
from ledger.kernel.decision import Later, Step
from ledger.kernel.instants import EARLIEST
from ledger.kernel.period import Days, Window
from ledger.programs.contract import Reader, in_chunks
from ledger.programs.edition import Edition
from ledger.programs.recruiting.parameters import first_days, parameters_of

VERIFYING = (MerchantOnboarded.TOPIC, StoreVerified.TOPIC)
"""The events that decide whether a rival was first."""
CERTIFYING = (PartnerCertified.TOPIC, PartnerTerminated.TOPIC)
STANDING = (
    *(MerchantOnboarded.TOPIC, StoreClosed.TOPIC, StoreReopened.TOPIC),
    *(StoreClosing.TOPIC, StoreSuspended.TOPIC),
)
"""The events that decide whether a store counts as high-risk."""


class Case(NamedTuple):
    """One introduced store with everything its own conditions need."""

    store: StoreState
    onboarding: Recorded
    merchant: MerchantState
    partner: PartnerState
    withheld: tuple[Recorded, ...]
    rivals: tuple[StoreState, ...]
    kin: Later | None
    """A step for all stores of the same merchant or brand; None where there are no others."""
    days: Days
    """Day 0 to day 30 from the onboarding."""


def cases(
    reader: Reader,
    edition: Edition,
    stores: Collection[str] | None = None,
    *,
    deduct: bool = True,
) -> Iterator[Case]:
    """Every store that a partner introduced and that was onboarded within the term, or those among
    the given stores. For a what-if, `deduct` false ignores refunds of archived orders."""
    if stores is None:
        stores = {_name(stream) for _, stream in reader.names("partner", *edition.window)}
    for chunk in in_chunks(stores):
        yield from _cases_of(reader, edition, chunk, deduct=deduct)


def _cases_of(
    reader: Reader, edition: Edition, stores: Iterable[str], *, deduct: bool
) -> Iterator[Case]:
    """The cases of the given stores, without those that the edition does not cover."""
    window, parameters = edition.window, parameters_of(edition)
    states = reader.states("store", stores, StoreState)
    counted = {
        name: (state, onboarding)
        for name, state in states.items()
        if (onboarding := state.onboarding) and onboarding.event.partner and onboarding.at in window
    }
    _apply_orders(reader, edition, counted, deduct=deduct)
    events: list[MerchantOnboarded] = [onboarding.event for _, onboarding in counted.values()]
    merchants = reader.states("merchant", {event.merchant for event in events}, MerchantState)
    partners = reader.states(
        "partner", {event.partner for event in events if event.partner}, PartnerState, CERTIFYING
    )
    withheld = _Withheld(reader, edition.program, counted, partners)
    related = _Related(reader, states, events)
    for name, (state, onboarding) in counted.items():
        event = onboarding.event
        yield Case(
            state,
            onboarding,
            merchants[event.merchant],
            partners[event.partner],
            withheld.of(name, event.partner),
            *related.of(name, event.merchant, event.brand),
            first_days(onboarding, edition, parameters),
        )


def _apply_orders(
    reader: Reader,
    edition: Edition,
    counted: dict[str, tuple[StoreState, Recorded]],
    *,
    deduct: bool,
) -> None:
    """Adds archived orders to the states of stores: the first order and, where terms go by placed
    orders, the sales of every day that a window can contain."""
    for sale in reader.first_orders(counted):
        counted[sale.event.store][0].apply(sale)
    parameters = parameters_of(edition)
    if parameters.gmv_basis != "placed":
        return
    windows = [first_days(onboarding, edition, parameters) for _, onboarding in counted.values()]
    first = min([edition.days.first, *(days.first for days in windows)])
    last = max([edition.days.last, *(days.last for days in windows)])
    days = Days(first, last, edition.zone)
    for sales in reader.sales_of_orders(counted, days, deduct=deduct):
        counted[sales.event.store][0].apply(sales)


class _Withheld:
    """The withholdings of a program's incentive: from single stores, or partners as a whole."""

    def __init__(
        self, reader: Reader, program: str, stores: Iterable[str], partners: Iterable[str]
    ) -> None:
        listed = {"withheld": set(stores), "withheld-from": set(partners)}
        self._stores: dict[str, list[Recorded]] = {}
        self._partners: dict[str, list[Recorded]] = {}
        for fact in reader.listed(listed):
            event = fact.event
            if event.program == program:
                held, name = (
                    (self._stores, event.store) if event.store else (self._partners, event.partner)
                )
                held.setdefault(name, []).append(fact)

    def of(self, store: str, partner: str) -> tuple[Recorded, ...]:
        """Withholdings from this store or from its partner as a whole, in business order."""
        if not self._stores and not self._partners:
            return ()
        return tuple(in_order((*self._stores.get(store, ()), *self._partners.get(partner, ()))))


def closed_of_partners(
    reader: Reader, edition: Edition, partners: Collection[str], own: Collection[str]
) -> Iterator[tuple[str, StoreState]]:
    """The partners' other stores in the edition that were ever closed, each with its partner:
    what the count of high-risk stores needs."""
    introduced = reader.named("partner", partners, edition.window)
    stores = {_name(stream) for streams in introduced.values() for stream in streams}
    closed = reader.named("closed", stores - set(own))
    states = reader.states("store", closed, StoreState, STANDING)
    for state in states.values():
        onboarding = state.onboarding
        if onboarding and onboarding.at in edition.window:
            partner = onboarding.event.partner
            if partner in partners:
                yield partner, state


def earlier_of_partners(
    reader: Reader, edition: Edition, partners: Collection[str]
) -> Iterator[tuple[str, StoreState]]:
    """The stores that the partners introduced before the term and that were ever closed, each
    with its partner."""
    before = Window(EARLIEST, edition.window.start)
    introduced = reader.named("partner", partners, before)
    stores = {_name(stream) for streams in introduced.values() for stream in streams}
    states = reader.states("store", reader.named("closed", stores), StoreState, STANDING)
    for state in states.values():
        onboarding = state.onboarding
        if onboarding and onboarding.at in before and onboarding.event.partner in partners:
            yield onboarding.event.partner, state


class _Related:
    """The other stores of each merchant and of each brand: directly related ones only."""

    def __init__(
        self, reader: Reader, states: dict[str, StoreState], events: list[MerchantOnboarded]
    ) -> None:
        merchants = {event.merchant for event in events}
        brands = {event.brand for event in events if event.brand}
        by_kind = reader.named_under({"merchant": merchants, "brand": brands})
        self._by_merchant, self._by_brand = by_kind["merchant"], by_kind["brand"]
        names = {
            _name(stream)
            for streams in (*self._by_merchant.values(), *self._by_brand.values())
            for stream in streams
        }
        self._states = states | reader.states("store", names - set(states), StoreState, VERIFYING)

    def of(
        self, store: str, merchant: str, brand: str | None
    ) -> tuple[tuple[StoreState, ...], Later | None]:
        """Other stores whose counting onboarding names the same merchant or brand, and a step
        with every fact examined to find them."""
        streams = {*self._by_merchant.get(merchant, ())}
        if brand:
            streams.update(self._by_brand.get(brand, ()))
        if len(streams) < 2:  # the store itself
            return (), None
        states = [self._states[_name(stream)] for stream in sorted(streams)]
        related = tuple(
            state
            for state in states
            if state.store != store and _is_related(state, merchant, brand)
        )
        return related, Later(lambda: _related_step(states, merchant, brand))


def _is_related(state: StoreState, merchant: str, brand: str | None) -> bool:
    event = state.onboarding.event if state.onboarding else None
    return event is not None and (
        event.merchant == merchant or (brand is not None and event.brand == brand)
    )


def _related_step(states: list[StoreState], merchant: str, brand: str | None) -> Step:
    verified = sum(state.verification is not None for state in states)
    facts = [fact for state in states for fact in (*state.onboardings, *state.verifications)]
    return Step(
        f"stores of merchant {merchant}" + (f" and brand {brand}" if brand else ""),
        observed=f"{counted(len(states), 'store')}, {verified} verified",
        events=tuple(sorted({fact.position for fact in facts})),
    )


def _name(stream: str) -> str:
    return stream.partition(":")[2]
