"""The same versions of order lines in any order and split of calls, some of them taken back: the
same sums, in any zone and at any as-of, and those are the files' own; or both rows are named."""

from collections.abc import Callable
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.kernel.clocks import Clocks
from ledger.kernel.instants import day_of, parse_instant
from ledger.kernel.money import Money
from ledger.kernel.period import Days
from ledger.store.book import open_book
from ledger.store.reader import LogReader
from ledger.usecases.init import init
from ledger.usecases.recording.withdraw_orders import withdraw_orders
from tests.fees import Fees, order
from tests.marks import examples

ZONES = ("Asia/Shanghai", "America/Sao_Paulo")
CREATED = [
    "2020-05-19T15:59:59Z",  # the eve in Shanghai
    "2020-05-19T16:00:00Z",
    "2020-05-20T02:59:59Z",  # the eve in Sao Paulo
    "2020-05-20T03:00:00Z",
    "2020-05-31T23:30:00-03:00",
]
UPDATED = [f"2020-06-0{day}T00:00:00Z" for day in range(1, 7)]
AS_OF = [*UPDATED[::2], "2026-01-01T00:00:00Z"]


class Version(NamedTuple):
    """What is said of a line at an instant."""

    store: str
    name: str
    item: str
    created: str
    amount: int
    refunded: int
    currency: str
    updated: str

    @property
    def key(self) -> tuple[str, str, str]:
        return self.store, self.name, self.item

    def row(self) -> dict[str, str]:
        """As it stands in a file."""
        amount, refunded = (Money(one, self.currency).text for one in (self.amount, self.refunded))
        said = {"amount": amount, "refunded": refunded, "currency": self.currency}
        return order(self.name, store=self.store, item=self.item, created_at=self.created,
                     updated_at=self.updated, **said)  # fmt: skip


@st.composite
def versions(draw: st.DrawFn) -> list[Version]:
    """Of some lines, each at instants of its own; an order has items or has none."""
    found: list[Version] = []
    for store in ("S-1", "S-2"):
        for name in "ab":
            for item in draw(st.sampled_from([("",), ("1", "2"), ()])):
                for updated in draw(st.lists(st.sampled_from(UPDATED), max_size=3, unique=True)):
                    amount = draw(st.sampled_from([0, 1, 999, 10**15]))
                    refunded = draw(st.sampled_from([0, amount // 2, amount]))
                    found.append(
                        Version(
                            *(store, name, item, draw(st.sampled_from(CREATED)), amount, refunded),
                            *(draw(st.sampled_from(["CNY", "JPY"])), updated),
                        )
                    )
    return found


@st.composite
def calls(draw: st.DrawFn) -> tuple[list[Version], list[tuple[bool, list[Version]]]]:
    """The versions, and calls that bring them; a call that is taken back stands before them."""
    wanted = draw(versions())
    shuffled = draw(st.permutations(wanted))
    marks = draw(st.lists(st.booleans(), min_size=len(shuffled), max_size=len(shuffled)))
    pieces: list[list[Version]] = [[]]
    for one, cut in zip(shuffled, marks, strict=True):
        if cut:
            pieces.append([])
        pieces[-1].append(one)
    good = [(False, piece) for piece in pieces if piece]
    wrong = draw(versions())
    if wrong and draw(st.booleans()):
        good.insert(draw(st.integers(0, len(good))), (True, wrong))
    return wanted, good


Sums = dict[tuple[str, date, str], int]


def expected(wanted: list[Version], zone: str, as_of: str) -> Sums:
    """What the versions that count at an instant sum to, by the calendar of a zone."""
    sums: Sums = {}
    until = parse_instant(as_of)
    made = [one for one in wanted if parse_instant(one.updated) <= until]
    for _, own in groupby(sorted(made), key=lambda one: one.key):
        last = max(own, key=lambda one: one.updated)
        if parse_instant(last.created) > until:
            continue
        key = (last.store, day_of(parse_instant(last.created), zone), last.currency)
        sums[key] = sums.get(key, 0) + last.amount - last.refunded
    return sums


def first_orders(wanted: list[Version], as_of: str) -> set[tuple[str, str, str]]:
    """Per store the earliest of the versions that count at an instant."""
    until = parse_instant(as_of)
    made = [one for one in wanted if parse_instant(one.updated) <= until]
    counting = [
        max(own, key=lambda one: one.updated)
        for _, own in groupby(sorted(made), key=lambda one: one.key)
    ]
    found = {}
    for one in counting:
        at = parse_instant(one.created)
        if at <= until:
            found[one.store] = min(found.get(one.store, (at, one.name)), (at, one.name))
    return {(store, name, str(at)) for store, (at, name) in found.items()}


def answered_first(fees: Fees, as_of: str) -> set[tuple[str, str, str]]:
    """What the book says."""
    found = fees.first_orders(parse_instant(as_of))
    return {(store, name or "", str(at)) for store, name, at in found}


def answered(fees: Fees, zone: str, as_of: str) -> Sums:
    """What the book says."""
    sums: Sums = {}
    days = Days(date(2020, 1, 1), date(2020, 12, 31), zone)
    clocks = Clocks(parse_instant(as_of), fees.book.head().position)
    with fees.book.reading() as connection:
        reader = LogReader(connection, clocks)
        for one in reader.sales_of_orders(["S-1", "S-2"], days):
            event = one.event
            key = (event.store, event.day, event.currency)
            sums[key] = sums.get(key, 0) + Money.parse(event.amount, event.currency).minor
    return sums


@examples(4, 60)
def test_the_sums_are_those_of_the_versions_that_count(
    new_location: Callable[[], str], tmp_path: Path, examples: int
) -> None:
    """Whatever came first, in which call, and what was taken back in between."""
    made = iter(range(10**9))

    @settings(max_examples=examples, deadline=None, derandomize=True, database=None,
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(calls())
    def story(told: tuple[list[Version], list[tuple[bool, list[Version]]]]) -> None:
        wanted, brought = told
        folder = tmp_path / f"story-{next(made)}"
        folder.mkdir()
        book, _ = init(new_location(), "platform", str(folder / "orders"))
        fees = Fees(book, folder)
        undone = None
        for wrong, rows in brought:
            answer = fees.archive(*(one.row() for one in rows))
            if answer.rejected:  # another grain than a call that is still to be taken back
                assert {one.code for one in answer.rejections} == {"grain_differs"}
                assert undone or wrong
                assert all("position" in one.error for one in answer.rejections)
                if wrong:
                    continue
                withdraw_orders(book, undone or 0, reason="wrong", by="lin")
                undone = None
                answer = fees.archive(*(one.row() for one in rows))
                assert not answer.rejected
            if wrong and answer.recorded:
                undone = answer.position
        if undone:
            lost = withdraw_orders(book, undone, reason="wrong", by="lin")["known_from_it"]
            # rows that were known from the call went with it: they are sent once more
            assert lost == sorted(lost)
        for wrong, rows in brought:
            if not wrong:
                assert not fees.archive(*(one.row() for one in rows)).rejected
        for zone in ZONES:
            for as_of in AS_OF:
                assert answered(fees, zone, as_of) == expected(wanted, zone, as_of)
        for as_of in AS_OF:
            assert answered_first(fees, as_of) == first_orders(wanted, as_of)
        assert all(ok for ok, _ in fees.checks().values())
        book.close()
        assert open_book(book.location).head().position

    story()
