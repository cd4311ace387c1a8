"""Why the platform charged something else for an order: every single cause, and none for two."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ledger.intake.platform.canonical import read
from ledger.kernel.clocks import Clocks
from ledger.usecases.reconciling.comparison import Reconciliation
from ledger.usecases.reconciling.reconcile import reconcile
from tests.books import MadeBooks
from tests.fees import AFTER_MAY, MAY, PROGRAM, Fees, Row, onboarded, order, revoked
from tests.quarter import on_sqlite

from .platform import breaks, charged, compared, likely

NEWCOMER = ("newcomer", "taken as applying")
NOT_APPLIED = ("discount_not_applied", "newcomer")
LONGER, SHORTER = ("discount_window", "a day longer"), ("discount_window", "a day shorter")
EARLIER = ("discount_window", "a day earlier at its start")
LATER = ("discount_window", "a day later at its start")
IN_UTC = ("zone", "days in UTC instead of Asia/Shanghai")
GROSS = ("refund_ignored", "the fee is taken of the whole amount")
TRAFFIC = ("newcomer", "taken as applying to any traffic")
REVOKED = ("revocation", "not revoked")


class Charge(NamedTuple):
    """An order of S-1 (a newcomer), S-2 (none) or S-3 (revoked), our fee, theirs, and why."""

    order: Row
    ours: str
    theirs: str
    causes: list[tuple[str, str]]


def on(day: str, time: str = "12:00:00", /, **more: str) -> Row:
    """An order of an instant in the program's zone."""
    return order("x", created_at=f"2020-{day}T{time}+08:00", **more)


OLD = {"store": "S-2"}
SINGLE = {
    "the discount was not applied": Charge(on("05-20"), "-1.00", "-5.00", [NOT_APPLIED]),
    "the discount was taken as applying": Charge(on("05-20", **OLD), "-5.00", "-1.00", [NEWCOMER]),
    "the discount was given to an ad": Charge(
        on("05-20", traffic="ad"), "-6.00", "-1.00", [TRAFFIC]
    ),
    "a day longer": Charge(on("06-07"), "-5.00", "-1.00", [NEWCOMER, LONGER]),
    "a day shorter": Charge(on("06-06"), "-1.00", "-5.00", [SHORTER, NOT_APPLIED]),
    "a day earlier": Charge(on("05-07"), "-5.00", "-1.00", [NEWCOMER, EARLIER]),
    "a day later": Charge(on("05-08"), "-1.00", "-5.00", [LATER, NOT_APPLIED]),
    "the start in UTC": Charge(
        on("05-08", "07:59:59"), "-1.00", "-5.00", [LATER, IN_UTC, NOT_APPLIED]
    ),
    "the end in UTC": Charge(on("06-07", "07:59:59"), "-5.00", "-1.00", [NEWCOMER, LONGER, IN_UTC]),
    "the refund was ignored": Charge(
        on("05-20", **OLD, refunded="40.00"), "-3.00", "-5.00", [GROSS]
    ),
    "the refund was ignored inside the window": Charge(
        on("05-20", refunded="40.00"), "-0.60", "-1.00", [GROSS]
    ),
    "the rate of ads": Charge(
        on("05-20", **OLD), "-5.00", "-6.00", [("rate", "the rate of ad orders")]
    ),
    "the rate of the alliance": Charge(
        on("05-20", **OLD), "-5.00", "-4.00", [("rate", "the rate of selected_alliance orders")]
    ),
    "the rate of other orders": Charge(
        on("05-20", **OLD, traffic="ad"), "-6.00", "-5.00", [("rate", "the rate of other orders")]
    ),
    "the revocation was ignored": Charge(
        on("05-22", store="S-3"), "-5.00", "-1.00", [REVOKED, NEWCOMER]
    ),
    "the revocation was ignored two hours after it, not a window longer": Charge(
        on("05-20", store="S-3"), "-5.00", "-1.00", [REVOKED, NEWCOMER]
    ),
    "a full refund was ignored": Charge(
        on("05-20", **OLD, refunded="100.00"), "0.00", "-5.00", [GROSS]
    ),
}
NONE = {
    "refund ignored and discount not applied": Charge(
        on("05-20", refunded="40.00"), "-0.60", "-5.00", []
    ),
    "ad rate and refund ignored": Charge(
        on("05-20", **OLD, refunded="40.00"), "-3.00", "-6.00", []
    ),
    "revocation and refund ignored": Charge(
        on("05-22", store="S-3", refunded="40.00"), "-3.00", "-1.00", []
    ),
    "discount on an ad of a store that is no newcomer": Charge(
        on("05-20", **OLD, traffic="ad"), "-6.00", "-1.00", []
    ),
    "an invented fee": Charge(on("05-20"), "-1.00", "-7.77", []),
    "one cent too much": Charge(on("05-20"), "-1.00", "-1.01", []),
    "our fee with the other sign": Charge(on("05-20"), "-1.00", "1.00", []),
    "an invented fee where we have no rate": Charge(
        on("05-20", category="jewellery"), "0.00", "-7.77", []
    ),
    "another currency of ours, for which there is no fee": Charge(
        on("05-20", currency="USD"), "0.00", "-5.00", []
    ),
}


def tell(book: Any, folder: Path) -> None:
    """Rates, two newcomers, one of them revoked on 20 May 10:00, and an old store."""
    fees = Fees(book, folder)
    fees.rates()
    fees.tell(
        *(onboarded("S-1"), onboarded("S-2", "2020-03-01T10:00:00+08:00"), onboarded("S-3")),
        revoked("S-3"),
    )


@pytest.fixture
def told(book_with: Callable[[Any], Any], tmp_path: Path) -> Fees:
    """A book that was told so."""
    return Fees(book_with(tell), tmp_path, calls=100)


SINGLE_ORDERS = {name: f"x-{number}" for number, name in enumerate(SINGLE)}
"""The id of each order when all of them lie in one archive."""


def archive_all(book: Any, folder: Path) -> None:
    """The same, with every order that has a single cause."""
    tell(book, folder)
    rows = [one.order | {"order_id": SINGLE_ORDERS[name]} for name, one in SINGLE.items()]
    Fees(book, folder, calls=50).archive(*rows)


@pytest.fixture(scope="module")
def shared(made_books: MadeBooks, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fees]:
    """A book with all those orders, which is only compared with files."""
    folder = tmp_path_factory.mktemp("shared")
    fees = Fees(made_books.copy(archive_all, str(folder / "book.db")), folder)
    yield fees
    fees.book.close()


def compared_at_once(fees: Fees, say: Callable[[Charge], str]) -> Iterator[Reconciliation]:
    """Both months, compared with a file that says of each order what `say` does."""
    for period in ("2020-05", "2020-06"):
        rows = [
            charged(SINGLE_ORDERS[name], say(one), one.order["store"])
            for name, one in SINGLE.items()
            if one.order["created_at"].startswith(period)
        ]
        yield compared(fees, rows, period)


@pytest.fixture(scope="module")
def named(shared: Fees) -> dict[str, dict[str, Any]]:
    """The break of each order, when the platform charges all of them otherwise than we do."""
    found = compared_at_once(shared, lambda one: one.theirs)
    breaks = [one for month in found for one in month.as_json(full=True)["breaks"]]
    assert len(breaks) == len(SINGLE)
    return {one["order_id"]: one for one in breaks}


def ask(fees: Fees, one: Charge) -> list[tuple[str, str]]:
    """The causes that are named for the only order."""
    fees.archive(one.order)
    period = one.order["created_at"][:7]
    own = (one.order["store"], one.order["currency"])
    found = compared(fees, [charged("x", one.theirs, *own)], period)
    difference = f"{float(one.ours) - float(one.theirs):.2f}"
    assert breaks(found) == [("amount_differs", "x", one.ours, one.theirs, difference)]
    for cause in found.breaks[0].likely:
        assert cause.gives == one.theirs
    return likely(found)


@pytest.mark.parametrize("name", SINGLE)
def test_a_single_cause_is_named(named: dict[str, dict[str, Any]], name: str) -> None:
    """With every other single change that gives exactly their amount, in the contract's order."""
    one, found = SINGLE[name], named[SINGLE_ORDERS[name]]
    assert (found["kind"], found["ours"], found["theirs"]) == (
        *("amount_differs", one.ours, one.theirs),
    )
    assert [(cause["because"], cause["detail"]) for cause in found["likely"]] == one.causes
    assert {cause["gives"] for cause in found["likely"]} == {one.theirs}


@on_sqlite
@pytest.mark.parametrize("name", NONE)
def test_two_causes_at_once_and_invented_fees_have_no_name(told: Fees, name: str) -> None:
    """Nothing is guessed."""
    assert ask(told, NONE[name]) == []


def test_charges_that_agree_have_no_break(shared: Fees) -> None:
    """The same orders, charged as we do."""
    found = list(compared_at_once(shared, lambda one: one.ours))
    assert [one.breaks for one in found] == [[], []]
    assert sum(one.matched for one in found) == len(SINGLE)


@on_sqlite
def test_a_refund_that_was_deducted_is_named_where_terms_ignore_it(fees: Fees) -> None:
    """The other way round: under terms that charge the whole amount."""
    fees.rates(refunds="ignore")
    fees.tell(onboarded("S-1"))
    fees.archive(order("x", refunded="40.00"))
    found = compared(fees, [charged("x", "-0.60")])
    assert [one.because for one in found.breaks[0].likely] == ["refund_deducted"]


@on_sqlite
def test_a_discount_of_other_categories_given_to_any_is_named(fees: Fees) -> None:
    """As one of other traffic is; a discount that was revoked from the start is not."""
    cut = {"name": "opening", "rate": "0.01", "onboarded_from": "2020-05-01", "first_day": 0}
    cut |= {"days": 90, "categories": ["digital"]}
    fees.rates(discounts=[cut], revoked="from_onboarding")
    fees.tell(onboarded("S-1"), onboarded("S-3"), revoked("S-3"))
    fees.archive(order("x"), order("y", store="S-3"))
    found = compared(fees, [charged("x", "-1.00"), charged("y", "-1.00", "S-3")])
    causes = [[(c.because, c.detail) for c in one.likely] for one in found.breaks]
    assert causes == [[], [("opening", "taken as applying to any category")]]


@on_sqlite
@pytest.mark.parametrize(
    ("theirs", "causes"),
    [
        ("-7.00", [NOT_APPLIED]),
        ("-2.00", [GROSS]),
        ("-1.40", []),
        ("-3.33", []),
    ],
)
def test_a_whole_line_is_explained_by_what_changes_all_its_orders(
    fees: Fees, theirs: str, causes: list[tuple[str, str]]
) -> None:
    """Of a file by store. S-1, a newcomer, pays 1 % of 60.00 and of 80.00 out of 100.00 each."""
    fees.rates()
    fees.tell(onboarded("S-1"))
    fees.archive(order("a", refunded="40.00"), order("b", refunded="20.00"))
    path = fees.folder / "by-store.csv"
    path.write_text(f"store,amount,currency\nS-1,{theirs},CNY\n")
    with fees.book.reading() as connection:
        clocks = Clocks(AFTER_MAY, fees.book.head().position)
        found = reconcile(connection, PROGRAM, MAY, read(str(path)), clocks).breaks
    assert [(one.because, one.detail) for one in found[0].likely] == causes if found else not causes
