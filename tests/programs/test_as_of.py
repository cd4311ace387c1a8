"""What nobody's line rests on, at the very instant of as-of: listed links and waiting orders."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ledger.kernel.clocks import Clocks
from ledger.kernel.instants import parse_instant
from ledger.store.book import Book
from ledger.usecases.exceptions.touching_close import exceptions_touching
from ledger.usecases.init import init
from ledger.usecases.settling.settle import published_edition, settle
from tests.fees import PROGRAM as FEE
from tests.fees import Fees, onboarded, order

STAR_MAP = "star-map-2020"
LISTED_AT = "2020-08-21T20:00:00+08:00"
TASK = {
    "type": "LiveTaskOrdered",
    "task": "T-1",
    "store": "S-1",
    "creator": "C-1",
    "category": "cosmetics",
    "link": "third_party",
    "price": "100.00",
    "currency": "CNY",
}
LISTED = {
    "type": "LinkListed",
    "store": "S-1",
    "creator": "C-1",
    "media": "live",
    "link": "third_party",
    "category": "cosmetics",
}


class Asking(Fees):
    """A book that is asked for what touches a month's close."""

    def touching(self, program: str, period: str, as_of: int) -> list[str]:
        """The codes of the exceptions that touch a month at an as-of."""
        with self.book.reading() as connection:
            clocks = Clocks(as_of, self.book.head().position)
            terms = published_edition(connection, program, clocks)
            run = settle(connection, terms, clocks, period=period)
            return [one["code"] for one in exceptions_touching(connection, run, [])]


@pytest.fixture
def asking(tmp_path: Path) -> Iterator[Asking]:
    """A book as `init` leaves it; only instants are compared, so one database will do."""
    book: Book = init(str(tmp_path / "book.db"), "platform")[0]
    yield Asking(book, tmp_path)
    book.close()


def test_a_link_listed_at_the_very_instant_of_as_of_is_judged(asking: Asking) -> None:
    """One microsecond before that instant nobody has listed it yet."""
    asking.tell(onboarded("S-1", "2020-03-01T10:00:00+08:00"), {**LISTED, "at": LISTED_AT})
    listed = parse_instant(LISTED_AT)
    assert asking.touching(STAR_MAP, "2020-08", listed) == ["link_not_allowed"]
    assert asking.touching(STAR_MAP, "2020-08", listed - 1) == []


def test_a_task_ordered_at_the_very_instant_of_as_of_opens_the_way(asking: Asking) -> None:
    """One microsecond before that instant nobody has reported the task that the link names."""
    later = "2020-08-25T10:00:00+08:00"
    named = {**LISTED, "at": LISTED_AT, "task": "T-1"}
    asking.tell(onboarded("S-1", "2020-03-01T10:00:00+08:00"), named, {**TASK, "at": later})
    ordered = parse_instant(later)
    assert asking.touching(STAR_MAP, "2020-08", ordered) == []
    found = asking.touching(STAR_MAP, "2020-08", ordered - 1)
    assert found == ["link_not_allowed", "unknown_task"]


@pytest.mark.parametrize(
    ("at", "months"),
    [
        ("2020-07-31T23:59:59.999999+08:00", {"2020-07": 1, "2020-08": 0}),
        ("2020-08-01T00:00:00+08:00", {"2020-07": 0, "2020-08": 1}),
        ("2020-08-31T23:59:59.999999+08:00", {"2020-08": 1, "2020-09": 0}),
        ("2020-09-01T00:00:00+08:00", {"2020-08": 0, "2020-09": 1}),
    ],
)
def test_a_link_touches_the_close_of_the_month_in_which_it_was_listed(
    asking: Asking, at: str, months: dict[str, int]
) -> None:
    """From the month's first instant to its last microsecond."""
    asking.tell(onboarded("S-1", "2020-03-01T10:00:00+08:00"), {**LISTED, "at": at})
    as_of = parse_instant("2020-12-01T00:00:00+08:00")
    found = {month: len(asking.touching(STAR_MAP, month, as_of)) for month in months}
    assert found == months


def test_an_order_waits_for_its_store_from_its_very_instant_on(asking: Asking) -> None:
    """It stops waiting at the instant of the onboarding, and not a microsecond earlier; however
    many of a store's orders wait, it is named once."""
    created, at = "2020-05-20T12:00:00+08:00", "2020-05-25T10:00:00+08:00"
    later = "2020-05-21T12:00:00+08:00"
    waiting = {"O-1": created, "O-2": later}
    asking.archive(*(order(name, created_at=at, store="S-9") for name, at in waiting.items()))
    asking.tell(onboarded("S-9", at))
    found: dict[str, Any] = {
        name: asking.touching(FEE, "2020-05", parse_instant(instant) - earlier)
        for name, instant, earlier in (
            ("onboarded", at, 0),
            ("before the onboarding", at, 1),
            ("created", created, 0),
            ("before the order", created, 1),
        )
    }
    waits = ["unknown_store"]
    assert found["before the order"] == []
    assert found["created"] == found["before the onboarding"] == waits
    assert found["onboarded"] == []
