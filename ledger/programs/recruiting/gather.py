"""Brings together, per store, the facts that its line rests on. Asks the index, never scans."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, NamedTuple

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
from ledger.kernel.decision import Step
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
    kin: Step | None
    """The stores of the same merchant or brand, where there are others: all are looked at."""


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
            *kin.of(name, event.merchant, event.brand),
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
    streams = reader.named("partner", [partner], edition.window).get(partner, [])
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
        self._groups: dict[Any, tuple[tuple[StoreState, ...], Step | None]] = {}
        self._states = states | reader.states("store", found - set(states), StoreState, VERIFYING)

    def of(
        self, store: str, merchant: str, brand: str | None
    ) -> tuple[tuple[StoreState, ...], Step | None]:
        """Other stores whose counting onboarding names the same merchant or the same brand, and
        a step that names every fact that was looked at to find them; shared by all of them."""
        key = (merchant, brand)
        known = self._groups.get(key)
        if known is None:
            streams = [*self._by_merchant.get(merchant, ())]
            if brand:
                streams += self._by_brand.get(brand, ())
            names = sorted({_name(stream) for stream in streams})
            states = [self._states[name] for name in names]
            related = tuple(one for one in states if _is_kin(one, merchant, brand))
            known = self._groups[key] = (related, _kin_step(states, merchant, brand))
        related, looked_at = known
        return tuple(one for one in related if one.store != store), looked_at


def _is_kin(state: StoreState, merchant: str, brand: str | None) -> bool:
    event = state.onboarding.event if state.onboarding else None
    return event is not None and (
        event.merchant == merchant or (brand is not None and event.brand == brand)
    )


def _kin_step(states: list[StoreState], merchant: str, brand: str | None) -> Step | None:
    if len(states) < 2:
        return None
    verified = sum(one.verification is not None for one in states)
    facts = [one for state in states for one in (*state.onboardings, *state.verifications)]
    return Step(
        f"stores of merchant {merchant}" + (f" and brand {brand}" if brand else ""),
        observed=f"{len(states)} stores, {verified} verified",
        events=tuple(sorted({one.position for one in facts})),
    )


def _name(stream: str) -> str:
    return stream.partition(":")[2]
