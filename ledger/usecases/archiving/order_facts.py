"""Facts that follow from archived order lines: daily GMV and first sales, written in bulk.

A month of two thousand stores makes sixty thousand of them. Their bytes are put together from
one serialized by the model, which a test compares with the model's own for every kind.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ledger.aggregates.orders import SOURCE
from ledger.aggregates.store import FirstSale, GMVRecorded
from ledger.kernel.errors import Refusal
from ledger.kernel.instants import Instant
from ledger.kernel.money import DIGITS_MAX, Money
from ledger.store.archive.sums import DayChange, FirstOrder

Fact = tuple[str, str, bytes, Instant]
"""stream, topic, state, at."""


class DayTooLarge(Refusal):
    """The sales of a store's day that no amount can hold. Nothing was recorded."""

    hint = "Check the amounts of that day: no real sum is as long as this."


def refuse_too_large(days: Sequence[DayChange]) -> None:
    """Raises `DayTooLarge`: such a fact could be written, but never be read again."""
    for one in days:
        if abs(one.net_minor) >= 10**DIGITS_MAX:
            raise DayTooLarge(
                f"The orders of store {one.store} of {one.day} sum to {one.net_minor} minor units "
                f"of {one.currency}: more than {DIGITS_MAX} digits.",
                store=one.store,
                day=one.day.isoformat(),
            )


@dataclass(frozen=True)
class DerivedFacts:
    """What a file's lines make known, by store."""

    days: Sequence[DayChange]
    first_orders: Sequence[FirstOrder]
    fed: set[str]
    """Stores for which the index already names this source."""
    unknown_stores: list[str]

    @property
    def count(self) -> int:
        """How many facts there are."""
        return len(self.days) + len(self.first_orders)

    @property
    def streams(self) -> list[str]:
        """The streams that they live in."""
        stores = {one.store for one in self.days} | {one.store for one in self.first_orders}
        return [f"store:{name}" for name in sorted(stores)]

    def rows(self) -> Iterator[Fact]:
        """Daily GMV, then first sales; each in the order of stores."""
        topic, written = GMVRecorded.TOPIC, _gmv_writer()
        for one in self.days:
            yield f"store:{one.store}", topic, written(one), one.updated_at
        for first in self.first_orders:
            event = FirstSale(source=SOURCE, store=first.store, order=first.order_id)
            yield event.stream, event.TOPIC, event.stored(), first.created_at

    def refs(self, start: int) -> list[tuple[Any, ...]]:
        """Index entries of the facts, the first of which stands at a position."""
        found: list[tuple[Any, ...]] = []
        named = set(self.fed)
        for position, one in enumerate(self.days, start):
            if one.store not in named:
                named.add(one.store)
                place = (position, one.updated_at, f"store:{one.store}", SOURCE)
                found.append(("feed", f"{one.store}/placed", *place))
        for position, first in enumerate(self.first_orders, start + len(self.days)):
            place = (position, first.created_at, f"store:{first.store}", "")
            found.append(("sale", first.store, *place))
        return found


def gmv_of(one: DayChange) -> GMVRecorded:
    """The fact of one store's day. A day on which orders only went has no count of them."""
    return GMVRecorded(
        source=SOURCE,
        store=one.store,
        day=one.day,
        amount=Money(one.net_minor, one.currency).text,
        currency=one.currency,
        basis="placed",
        orders=one.orders if one.orders >= 0 else None,
    )


def _gmv_writer() -> Any:
    """Writes the stored bytes of a day's fact: the model's own for whatever is not plain."""
    days: dict[Any, str] = {}
    digits: dict[str, int] = {}

    def written(one: DayChange) -> bytes:
        store, day, currency, net, orders, _ = one
        if currency not in digits:
            digits[currency] = _places(currency)
        if orders < 0 or digits[currency] != 2 or net < 0 or not store.isascii():
            return gmv_of(one).stored()
        text = days.get(day)
        if text is None:
            text = days[day] = day.isoformat()
        units, cents = divmod(net, 100)
        return (
            f'{{"source":"{SOURCE}","store":"{store}","day":"{text}",'
            f'"amount":"{units}.{cents:02d}","currency":"{currency}","basis":"placed",'
            f'"orders":{orders}}}'
        ).encode()

    return written


def _places(currency: str) -> int:
    from ledger.kernel.money import exponent

    return exponent(currency)
