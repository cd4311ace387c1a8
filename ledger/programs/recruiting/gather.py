"""Brings together, per store, the facts that its line rests on. Asks the index, never scans."""

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from itertools import islice
from typing import NamedTuple

from ledger.aggregates.base import Recorded, in_order
from ledger.aggregates.merchant import MerchantState
from ledger.aggregates.partner import PartnerState
from ledger.aggregates.rate import RateState
from ledger.aggregates.store import MerchantOnboarded
from ledger.aggregates.store_state import StoreState
from ledger.programs.contract import Reader
from ledger.programs.edition import Edition

CHUNK = 20_000
"""Stores assessed at a time: bounds memory and the number of queries alike."""


class Case(NamedTuple):
    """One introduced store with everything its own conditions ask of."""

    store: StoreState
    onboarding: Recorded
    merchant: MerchantState
    partner: PartnerState
    withheld: tuple[Recorded, ...]
    rivals: tuple[StoreState, ...]


class Rates:
    """Quoted rates into the edition's currency, read per pair when first asked for."""

    def __init__(self, reader: Reader, currency: str, age_days_max: int) -> None:
        self._reader = reader
        self._currency = currency
        self._age_days_max = age_days_max
        self._pairs: dict[str, RateState] = {}

    def into(self, currency: str, day: date) -> tuple[Decimal, Recorded] | None:
        """The rate that converts a currency on a day, or None where none is quoted in time."""
        return self._pair(currency).on(day, self._age_days_max)

    def last(self, currency: str, day: date) -> Recorded | None:
        """The last quote for a day on or before this one, however old."""
        return self._pair(currency).last_on(day)

    def _pair(self, currency: str) -> RateState:
        pair = f"{currency}-{self._currency}"
        if pair not in self._pairs:
            self._pairs[pair] = self._reader.states("rate", [pair], RateState)[pair]
        return self._pairs[pair]


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


def stores_of_partner_closed(reader: Reader, partner: str) -> list[str]:
    """The partner's introduced stores that were ever closed: all that a count of them needs."""
    streams = reader.named("partner", [partner]).get(partner, [])
    names = [_name(stream) for stream in streams]
    return sorted(reader.named("closed", names))


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
        self._states = states | reader.states("store", found - set(states), StoreState)

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
