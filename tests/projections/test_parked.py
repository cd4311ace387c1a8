"""An event that a view cannot take is parked: the view goes on, and says so until rebuilt."""

from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

import pytest

from ledger.kernel.clocks import FOREVER, Clocks
from ledger.store.book import Book
from projections import gmv
from projections.activity import Activity
from projections.catalogue import VIEWS
from projections.reading import report
from projections.runner import rebuild
from projections.sql.query import query
from projections.stores import Stores
from projections.verify import verify_views

Record = Callable[..., Any]
AT = "2026-02-01T08:00:00Z"


def onboarded(store: str) -> dict[str, Any]:
    return {
        "type": "MerchantOnboarded",
        "at": "2026-01-10T01:00:00Z",
        "merchant": "M-1",
        "store": store,
        "market": "EU",
    }


def sold(store: str, amount: str) -> dict[str, Any]:
    return {
        "type": "GMVRecorded",
        "at": AT,
        "store": store,
        "day": "2026-01-31",
        "amount": amount,
        "currency": "CNY",
        "basis": "settled",
    }


FACTS = [onboarded("S-1"), onboarded("S-2"), sold("S-1", "1"), sold("S-2", "2"), sold("S-2", "4")]


@pytest.fixture
def poison() -> Iterator[Callable[[int], Callable[[], None]]]:
    """Makes every view fail at one position; answers how to make it well again."""

    patched = pytest.MonkeyPatch()

    def at(position: int) -> Callable[[], None]:
        def failing(old: Callable[..., Any], found: Callable[..., list[Any]]) -> Any:
            def called(*given: Any) -> Any:
                if any(one.position == position for one in found(*given)):
                    raise ValueError("a poison event")
                return old(*given)

            return called

        patched.setattr(gmv, "_add", failing(gmv._add, lambda sums, one, sign: [one]))
        patched.setattr(Activity, "_row", failing(Activity._row, lambda view, one, batch: [one]))
        inside = failing(Stores.rows, lambda view, reader, facts: [*chain(*facts.values())])
        patched.setattr(Stores, "rows", inside)
        return patched.undo

    yield at
    patched.undo()


@pytest.mark.parametrize("name", ["stores", "gmv", "activity"])
@pytest.mark.parametrize("built_before", [False, True], ids=["first build", "catching up"])
def test_a_poison_event_is_parked_and_the_rest_goes_on(
    book: Book,
    record_facts: Record,
    poison: Callable[[int], Callable[[], None]],
    name: str,
    built_before: bool,
) -> None:
    """Its own rows are missing, all others are there, the report names it; a rebuild heals."""
    if built_before:
        assert report(book, name).parked == []
    position = record_facts(book, FACTS).position - 2  # the sale of S-1
    undo = poison(position)
    found = report(book, name)
    again = report(book, name)
    checks = verify_views(book, lambda what, more: None)
    undo()
    parked = [(one.view, one.position, one.error) for one in found.parked]
    assert parked == [(name, position, "ValueError: a poison event")]
    assert again == found, "it stays parked, and the view does not try again and again"
    assert [(one.name, one.ok) for one in checks] == [(f"view {name}", False)]
    assert f"position {position} is parked" in checks[0].detail
    assert query(book, "SELECT 1").parked == found.parked

    record_facts(book, [sold("S-1", "8")])
    rebuild(book, VIEWS[name])
    healed = report(book, name)
    assert healed.parked == []
    if name == "stores":
        assert [row["facts"] for row in found.rows] == [1, 3]
        assert [row["facts"] for row in healed.rows] == [3, 3]
    elif name == "gmv":
        assert [(row["store"], row["amount"]) for row in found.rows] == [("S-2", "6.00")]
        assert [row["amount"] for row in healed.rows] == ["9.00", "6.00"]
    else:
        missing = {row["position"] for row in healed.rows} - {r["position"] for r in found.rows}
        assert missing == {position, position + 3, position + 4}


def test_facts_after_a_poison_event_are_taken(
    book: Book, record_facts: Record, poison: Callable[[int], Callable[[], None]]
) -> None:
    """What is recorded later reaches the view although it has something parked."""
    position = record_facts(book, FACTS).position - 2
    undo = poison(position)
    report(book, "gmv")
    record_facts(book, [sold("S-3", "16")])
    found = report(book, "gmv")
    undo()
    assert [row["store"] for row in found.rows] == ["S-2", "S-3"]
    assert [one.position for one in found.parked] == [position]


def test_a_poison_event_in_a_temporary_database_is_told_too(
    book: Book, record_facts: Record, poison: Callable[[int], Callable[[], None]]
) -> None:
    """At an earlier known-at the report says what it left out, and the book keeps no trace."""
    answer = record_facts(book, FACTS)
    undo = poison(answer.position - 2)
    found = report(book, "gmv", clocks=Clocks(FOREVER, answer.position))
    undo()
    assert [one.position for one in found.parked] == [answer.position - 2]
    assert report(book, "gmv").parked == []
