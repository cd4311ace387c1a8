"""What a platform's other figure of a deposit may come from: each single change that gives it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ledger.kernel.clocks import Clocks
from ledger.kernel.instants import parse_instant
from ledger.programs.registry import checked, shipped
from ledger.usecases.init import init
from tests.fees import Fees, onboarded
from tests.reconciling import likely_of

Fact = dict[str, Any]
Causes = Callable[[str, str], list[str]]
ROWS = [{"category": "apparel", "amount": "2000.00"}, {"category": "beauty", "amount": "5000.00"}]
TERMS = {"requirements": ROWS, "return_after_days": 30, "combination": "highest"}


def moved(kind: str, at: str, amount: str, store: str = "S-1") -> Fact:
    own = {"type": kind, "at": f"2020-{at}+08:00", "store": store, "currency": "CNY"}
    return own | {"amount": amount}


def happened(kind: str, at: str, store: str = "S-1", **more: Any) -> Fact:
    return {"type": kind, "at": f"2020-{at}+08:00", "store": store, **more}


STORY = [
    onboarded("S-1", "2020-01-02T10:00:00+08:00"),
    onboarded("S-2", "2020-01-02T10:00:00+08:00"),
    happened("StoreCategoriesSet", "01-03T10:00:00", "S-2", categories=["apparel", "beauty"]),
    moved("DepositPaid", "01-07T10:00:00", "2000.00"),
    moved("DepositPaid", "01-07T10:00:00", "5000.00", "S-2"),
    moved("DepositCompensated", "03-31T12:00:00", "1.00"),
    moved("DepositCompensated", "04-01T12:00:00", "10.00"),
    moved("DepositCompensated", "04-30T23:00:00", "100.00"),
    moved("DepositCompensated", "05-01T06:00:00", "200.00"),
    happened("StoreClosed", "05-01T15:00:00", reason="voluntary"),
    happened("StoreClosed", "05-10T15:00:00", "S-2", reason="voluntary"),
    happened("StoreReopened", "06-01T15:00:00", "S-2"),
]


@pytest.fixture(scope="module")
def causes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Causes]:
    """Answers why their amount, or outcome, of a line may differ from ours."""
    folder = tmp_path_factory.mktemp("likely")
    book, _ = init(str(folder / "book.db"), "platform")
    Fees(book, folder).tell(*STORY)
    edition = next(one for one in shipped() if one.rules == "store_deposit")
    edition = checked(edition.model_copy(update={"version": 2, "terms": TERMS}))
    clocks = Clocks(parse_instant("2020-09-01T00:00:00Z"), book.head().position)

    def found(name: str, theirs: str) -> list[str]:
        line = f"{edition.program}/{name}"
        return likely_of(book, edition, name.partition("/")[0], line, theirs, clocks)

    yield found
    book.close()


@pytest.mark.parametrize(
    ("name", "theirs", "expected"),
    [
        (
            "2020-04/S-1/compensation",
            "-310.00",
            ["month: a day longer at its end", "zone: days in UTC instead of Asia/Shanghai"],
        ),
        ("2020-04/S-1/compensation", "-10.00", ["month: a day shorter at its end"]),
        ("2020-04/S-1/compensation", "-111.00", ["month: a day longer at its start"]),
        ("2020-04/S-1/compensation", "-100.00", ["month: a day shorter at its start"]),
        ("2020-05/S-1/compensation", "-7.00", []),
        (
            "2020-05/S-1/compensation",
            "0.00",
            ["month: a day shorter at its start", "zone: days in UTC instead of Asia/Shanghai"],
        ),
        ("2020-06/S-1/return", "2000.00", ["uses_ignored: uses are not taken off what goes back"]),
        (
            "2020-05/S-1/return",
            "1689.00",
            ["month: a day longer at its end", "return_after_days: 29 instead of 30"],
        ),
        ("2020-06/S-2/return", "5000.00", ["stayed_closed: taken as met"]),
        ("2020-06/S-2/standing", "declined", ["combination: sum instead of highest"]),
    ],
)
def test_each_single_change_that_gives_their_figure_is_named(
    causes: Causes, name: str, theirs: str, expected: list[str]
) -> None:
    """In the contract's order; nothing where none does."""
    assert causes(name, theirs) == expected
