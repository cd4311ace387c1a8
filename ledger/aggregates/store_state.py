"""The state of a store at an instant, from timelines into which late facts are inserted."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from ledger.aggregates.base import Recorded, first_of, in_order, instant_text, last_before
from ledger.aggregates.store import (
    DiscountRevoked,
    FirstSale,
    GMVRecorded,
    MerchantOnboarded,
    StockDelisted,
    StockListed,
    StoreClosed,
    StoreClosing,
    StoreReopened,
    StoreSuspended,
    StoreVerified,
)
from ledger.kernel.clocks import FOREVER
from ledger.kernel.instants import Instant
from ledger.kernel.period import Days, Window

_TIMELINES: dict[type[Any], str] = {
    GMVRecorded: "gmv",
    StockListed: "stock",
    StockDelisted: "stock",
    MerchantOnboarded: "onboardings",
    StoreVerified: "verifications",
    FirstSale: "sales",
    StoreSuspended: "status",
    StoreClosing: "status",
    StoreReopened: "status",
    StoreClosed: "status",
    DiscountRevoked: "revocations",
}
"""The timeline of each event type; a look-up, because most events of most books pass through."""


class Standing(NamedTuple):
    """Whether the store is in normal state, and the fact that says so (None: nothing happened)."""

    normal: bool
    because: Recorded | None


class StoreState:
    """The timelines of one store. Events may arrive in any order."""

    def __init__(self, store: str) -> None:
        self.store = store
        self.onboardings: list[Recorded] = []
        self.verifications: list[Recorded] = []
        self.sales: list[Recorded] = []
        self.gmv: list[Recorded] = []
        self.stock: list[Recorded] = []
        self.status: list[Recorded] = []
        self.revocations: list[Recorded] = []

    def apply(self, recorded: Recorded) -> None:
        """Takes one event into its timeline; events without a timeline are ignored."""
        timeline = _TIMELINES.get(type(recorded.event))
        if timeline is not None:
            getattr(self, timeline).append(recorded)

    @property
    def onboarding(self) -> Recorded | None:
        """The onboarding that counts: the earliest."""
        return first_of(self.onboardings)

    @property
    def verification(self) -> Recorded | None:
        """The earliest verification."""
        return first_of(self.verifications)

    @property
    def first_sale(self) -> Recorded | None:
        """The earliest reported first sale."""
        return first_of(self.sales)

    def gmv_of(self, days: Days, basis: str) -> list[Recorded]:
        """The GMV facts of those days on that basis, in business order."""
        first, last, _ = days
        facts = [
            fact
            for fact in self.gmv
            if first <= fact.event.day <= last and fact.event.basis == basis
        ]
        return in_order(facts)

    def revocation(self, programs: Collection[str]) -> Recorded | None:
        """The earliest revocation of discounts that names one of the programs."""
        return first_of(
            revocation for revocation in self.revocations if revocation.event.program in programs
        )

    def standing(self, before: Instant) -> Standing:
        """The state after everything that happened before an instant."""
        last = last_before(self.status, before)
        return Standing(last is None or isinstance(last.event, StoreReopened), last)

    def disturbance(self, window: Window) -> Recorded | None:
        """The fact behind the first moment in the window at which the store was not normal."""
        instants = {window.start} | {fact.at for fact in self.status if fact.at in window}
        for instant in sorted(instants):
            standing = self.standing(instant + 1)
            if not standing.normal:
                return standing.because
        return None

    def closure(self, before: Instant, reasons: Collection[str], cured: bool) -> Recorded | None:
        """The last closure for one of the reasons that is still in force before an instant.

        With `cured` a later reopening ends it; without, a closure is permanent.
        """
        closure: Recorded | None = None
        for fact in in_order(fact for fact in self.status if fact.at < before):
            if isinstance(fact.event, StoreClosed) and fact.event.reason in reasons:
                closure = fact
            elif isinstance(fact.event, StoreReopened) and cured:
                closure = None
        return closure

    def stock_at(self, instant: Instant) -> dict[str, Recorded]:
        """The countries with stock at an instant, each with its listing."""
        return listed_at(in_order(self.stock), instant)


def listed_at(stock: Iterable[Recorded], instant: Instant) -> dict[str, Recorded]:
    """Countries listed and not delisted at an instant, given stock events in business order."""
    return next(listed_over(stock, [instant]))


def listed_over(
    stock: Iterable[Recorded], instants: Iterable[Instant]
) -> Iterator[dict[str, Recorded]]:
    """As `listed_at`, at each of some ascending instants: a dictionary that goes on changing."""
    listed: dict[str, Recorded] = {}
    remaining = iter(stock)
    fact = next(remaining, None)
    for instant in instants:
        while fact is not None and fact.at <= instant:
            if isinstance(fact.event, StockListed):
                listed[fact.event.country] = fact
            else:
                listed.pop(fact.event.country, None)
            fact = next(remaining, None)
        yield listed


def describe_store(name: str, facts: Sequence[Recorded]) -> dict[str, Any]:
    """A store's state after these facts."""
    state = StoreState(name)
    for recorded in facts:
        state.apply(recorded)
    onboarded = state.onboarding.event if state.onboarding else None
    standing = state.standing(FOREVER).because
    names = ("merchant", "brand", "market", "partner", "via")
    return {
        "store": name,
        **{field: getattr(onboarded, field, None) for field in names},
        "onboarded_at": instant_text(state.onboarding),
        "verified_at": instant_text(state.verification),
        "first_sale_at": instant_text(state.first_sale),
        "state": _store_word(standing, onboarded is not None),
        "state_since": instant_text(standing or state.onboarding),
        "reason": getattr(standing.event, "reason", None) if standing else None,
        "stock": ";".join(sorted(state.stock_at(FOREVER))),
        "facts": len(facts),
    }


def _store_word(standing: Recorded | None, onboarded: bool) -> str:
    match standing.event if standing else None:
        case StoreClosed():
            return "closed"
        case StoreClosing():
            return "closing"
        case StoreSuspended():
            return "suspended"
    return "open" if onboarded else "unknown"


STATES = {"store": describe_store}
