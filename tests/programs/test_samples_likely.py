"""What a platform's other figure of freight or a sample may come from: each single change."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ledger.kernel.clocks import Clocks
from ledger.kernel.instants import parse_instant
from ledger.programs.registry import shipped
from ledger.usecases.init import init
from tests.fees import Fees
from tests.reconciling import likely_of

Fact = dict[str, Any]
Causes = Callable[[str, str], list[str]]
(EDITION,) = (one for one in shipped() if one.program == "samples-us-2024")


def happened(kind: str, at: str, **fields: Any) -> Fact:
    return {"type": kind, "at": f"2024-{at}+08:00", **fields}


def freight(at: str, amount: str, store: str = "S-1") -> Fact:
    money = {"store": store, "amount": amount, "currency": "USD"}
    return happened("SampleFreightAdvanced", at, **money)


def asked(request: str, at: str, store: str = "S-2") -> Fact:
    what = {"request": request, "store": store, "product": "K-1", "creator": "C-1"}
    return happened("SampleRequested", at, **what)


STORY = [
    freight("03-31T12:00:00", "1.00"),
    freight("04-01T12:00:00", "10.00"),
    freight("04-30T23:00:00", "100.00"),
    freight("05-01T06:00:00", "200.00"),
    happened("SampleThresholdSet", "04-01T12:00:00", store="S-2", followers_min=5000),
    happened("SampleThresholdSet", "04-20T12:00:00", store="S-2", product="K-1", followers_min=5000)
    | {"categories": ["beauty"]},
    happened("CreatorRegistered", "04-01T12:00:00", creator="C-1", country="US", age=24)
    | {"followers": 4000, "categories": ["toys"]},
    asked("R-1", "04-10T12:00:00"),
    asked("R-2", "04-25T12:00:00"),
    asked("R-3", "04-25T12:00:00", "S-1"),
    asked("R-4", "05-01T06:00:00", "S-3"),
]


@pytest.fixture(scope="module")
def causes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Causes]:
    """Answers why their amount, or outcome, of a line of April may differ from ours."""
    folder = tmp_path_factory.mktemp("likely")
    book, _ = init(str(folder / "book.db"), "platform")
    Fees(book, folder).tell(*STORY)
    clocks = Clocks(parse_instant("2024-09-01T00:00:00Z"), book.head().position)

    def found(name: str, theirs: str) -> list[str]:
        line = f"{EDITION.program}/{name}"
        return likely_of(book, EDITION, "2024-04", line, theirs, clocks)

    yield found
    book.close()


@pytest.mark.parametrize(
    ("name", "theirs", "expected"),
    [
        (
            "2024-04/S-1/freight",
            "-310.00",
            ["month: a day longer at its end", "zone: days in UTC instead of Asia/Shanghai"],
        ),
        ("2024-04/S-1/freight", "-10.00", ["month: a day shorter at its end"]),
        ("2024-04/S-1/freight", "-111.00", ["month: a day longer at its start"]),
        ("2024-04/S-1/freight", "-100.00", ["month: a day shorter at its start"]),
        ("2024-04/S-1/freight", "-7.00", []),
        ("R-1", "granted", ["followers_reached: taken as met", "thresholds: taken as met"]),
        ("R-2", "granted", ["thresholds: taken as met"]),
        ("R-3", "granted", ["balance_not_negative: taken as met"]),
        (
            "R-4",
            "granted",
            ["month: a day longer at its end", "zone: days in UTC instead of Asia/Shanghai"],
        ),
        ("R-1", "held", []),
    ],
)
def test_each_single_change_that_gives_their_figure_is_named(
    causes: Causes, name: str, theirs: str, expected: list[str]
) -> None:
    """In the contract's order; nothing where none does."""
    assert causes(name, theirs) == expected
