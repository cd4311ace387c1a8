"""Brings together, per store, the facts that its line rests on. Asks the index, never scans."""

from collections.abc import Iterable, Iterator
from itertools import islice
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
from ledger.programs.contract import Reader
from ledger.programs.edition import Edition

CHUNK = 20_000
"""Stores assessed at a time: bounds memory and the number of queries alike."""


VERIFYING = (MerchantOnboarded.TOPIC, StoreVerified.TOPIC)
"""All that a rival's being first rests on."""
CERTIFYING = (PartnerCertified.TOPIC, PartnerTerminated.TOPIC)
STANDING = (
    *(MerchantOnboarded.TOPIC, StoreClosed.TOPIC, StoreReopened.TOPIC),
    *(StoreClosing.TOPIC, StoreSuspended.TOPIC),
)
"""All that a store's counting as high-risk rests on."""


class Case(NamedTuple):
    """One introduced store with everything its own conditions ask of."""

    store: StoreState
    onboarding: Recorded
    merchant: MerchantState
    partner: PartnerState
    withheld: tuple[Recorded, ...]
    rivals: tuple[StoreState, ...]


def cases(reader: Reader, edition: Edition) -> Iterator[Case]:
    """Every store that a partner introduced and that was onboarded within the term."""
    streams = {stream for _, stream in reader.names("partner", *edition.window)}
    stores = iter(sorted(_name(stream) for stream in streams))
    while chunk := list(islice(stores, CHUNK)):
        yield from cases_of(reader, edition, chunk)


def cases_of(reader: Reader, edition: Edition, stores: Iterable[str]) -> Iterator[Case]:
    """The cases of the stores named, leaving out those that the edition is not about."""
    states = reader.states("store", stores, StoreState)
    counted = {
        name: (state, onboarding)
        for name, state in states.items()
        if (onboarding := state.onboarding)
        and onboarding.event.partner
        and onboarding.at in edition.window
    }
    events: list[MerchantOnboarded] = [onboarding.event for _, onboarding in counted.values()]
    merchants = reader.states("merchant", {one.merchant for one in events}, MerchantState)
    partners = reader.states(
        "partner", {one.partner for one in events if one.partner}, PartnerState, CERTIFYING
    )
    withheld = _Withheld(reader, edition.program, counted, partners)
    kin = _Kin(reader, states, events)
    for name, (state, onboarding) in counted.items():
        event = onboarding.event
        yield Case(
            state,
            onboarding,
            merchants[event.merchant],
            partners[event.partner],
            withheld.of(name, event.partner),
            kin.rivals(name, event.merchant, event.brand),
        )


class _Withheld:
    """What a program's incentive is withheld from: stores by name, partners as a whole."""

    def __init__(
        self, reader: Reader, program: str, stores: Iterable[str], partners: Iterable[str]
    ) -> None:
        positions = {position for _, _, position in reader.located("withheld", stores)}
        positions |= {position for _, _, position in reader.located("withheld-from", partners)}
        self._stores: dict[str, list[Recorded]] = {}
        self._partners: dict[str, list[Recorded]] = {}
        for one in reader.at_positions(positions):
            event = one.event
            if event.program == program:
                held, name = (
                    (self._stores, event.store) if event.store else (self._partners, event.partner)
                )
                held.setdefault(name, []).append(one)

    def of(self, store: str, partner: str) -> tuple[Recorded, ...]:
        """From this store, or from all that its partner brings, in business order."""
        if not self._stores and not self._partners:
            return ()
        return tuple(in_order((*self._stores.get(store, ()), *self._partners.get(partner, ()))))


def closed_of_partner(
    reader: Reader, edition: Edition, partner: str, own: str
) -> Iterator[tuple[StoreState, Recorded]]:
    """The partner's other stores of the edition that were ever closed, with their onboarding:
    all that a count of high-risk stores needs."""
    streams = reader.named("partner", [partner]).get(partner, [])
    closed = reader.named("closed", [_name(stream) for stream in streams])
    states = reader.states("store", set(closed) - {own}, StoreState, STANDING)
    for state in states.values():
        onboarding = state.onboarding
        if onboarding and onboarding.event.partner == partner and onboarding.at in edition.window:
            yield state, onboarding


class _Kin:
    """The other stores of each merchant and of each brand: direct relation only."""

    def __init__(
        self, reader: Reader, states: dict[str, StoreState], events: list[MerchantOnboarded]
    ) -> None:
        merchants = {one.merchant for one in events}
        brands = {one.brand for one in events if one.brand}
        self._by_merchant = reader.named("merchant", merchants)
        self._by_brand = reader.named("brand", brands)
        found = {
            _name(stream)
            for streams in (*self._by_merchant.values(), *self._by_brand.values())
            for stream in streams
        }
        self._states = states | reader.states("store", found - set(states), StoreState, VERIFYING)

    def rivals(self, store: str, merchant: str, brand: str | None) -> tuple[StoreState, ...]:
        """Other stores whose counting onboarding names the same merchant or the same brand."""
        streams = [*self._by_merchant.get(merchant, ())]
        if brand:
            streams += self._by_brand.get(brand, ())
        rivals = []
        for name in sorted({_name(stream) for stream in streams} - {store}):
            state = self._states[name]
            event = state.onboarding.event if state.onboarding else None
            if event and (event.merchant == merchant or (brand and event.brand == brand)):
                rivals.append(state)
        return tuple(rivals)


def _name(stream: str) -> str:
    return stream.partition(":")[2]
