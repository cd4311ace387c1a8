"""Brings together, per store, the facts that its line rests on. Asks the index, never scans."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

from ledger.aggregates.base import Recorded, in_order
from ledger.aggregates.merchant import MerchantState
from ledger.aggregates.partner import PartnerState
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
    withheld = reader.named("withheld", counted)
    partners = reader.states(
        "partner",
        {one.partner for one in events if one.partner}
        | {_name(s) for ss in withheld.values() for s in ss},
        PartnerState,
    )
    kin = _Kin(reader, states, events)
    for name, (state, onboarding) in counted.items():
        event = onboarding.event
        partner = partners[event.partner]
        by_store = (
            one
            for stream in withheld.get(name, ())
            for one in partners[_name(stream)].withholdings(edition.program, name)
        )
        yield Case(
            state,
            onboarding,
            merchants[event.merchant],
            partner,
            tuple(in_order((*by_store, *partner.withholdings(edition.program, None)))),
            kin.rivals(name, event.merchant, event.brand),
        )


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
