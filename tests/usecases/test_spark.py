"""`settle` with Spark as its engine: the same lines, explanations and digest as with DuckDB."""

from pathlib import Path
from random import Random
from typing import Any

import pytest

from ledger.kernel.clocks import Clocks
from ledger.kernel.instants import parse_instant
from ledger.programs.line import digest_of
from ledger.store.book import Book
from ledger.store.spark.refusals import SparkFailed
from ledger.usecases.recording.withdraw_orders import withdraw_orders
from ledger.usecases.settling.settle import Settlement, published_edition, settle
from tests.fees import AFTER_MAY, MAY, NOW, PROGRAM, Fees, onboarded, order, revoked
from tests.marks import more
from tests.properties import test_commission_months as commissions
from tests.quarter import on_sqlite
from tests.spark import spark

pytestmark = [more, on_sqlite]
EDGES = ("0.00", "0.01", "0.50", "4999.99", "5000.01", "90071992547409.93", "9999999999999999.99")
"""In minor units up to 18 digits: what intake takes at most."""
BEFORE = parse_instant("2020-06-03T11:00:00+08:00")
LATER = "2020-06-03T12:00:00+08:00"


def settled(book: Book, asked: tuple[str, str], clocks: Clocks, engine: Any) -> Settlement:
    with book.reading() as connection:
        terms = published_edition(connection, asked[0], clocks)
        return settle(connection, terms, clocks, period=asked[1], engine=engine)


def same(book: Book, asked: tuple[str, str], clocks: Clocks) -> str:
    """The digest of Spark's lines, which are DuckDB's with everything that explains them."""
    ours, theirs = (settled(book, asked, clocks, engine) for engine in (None, spark()))
    answer = theirs.as_json()
    assert answer.pop("engine") == {"name": "spark", "version": spark().version}
    assert answer == ours.as_json()
    assert digest_of(theirs.lines) == digest_of(ours.lines)
    return digest_of(ours.lines)


def many(**changed: str) -> list[dict[str, str]]:
    """Orders of four stores, one of which nobody has onboarded."""
    return [
        order(f"o{n}", store=f"S-{n % 4}", amount=f"{n}.{n % 100:02}", **changed)
        for n in range(1, 200)
    ]


def test_a_month_of_fees_is_the_same_at_every_position(fees: Fees) -> None:
    """Of orders that were refunded, moved to another month and taken back, before and after it:
    with the marks of files, without them, and by an instant before a revision."""
    fees.rates()
    fees.tell(*(onboarded(f"S-{number}") for number in (1, 2, 3)), revoked("S-2"))
    odd = {"store": "S-2", "traffic": "ad", "category": "digital"}
    first = fees.archive(
        *many(),
        *(order(f"e{at}", amount=amount) for at, amount in enumerate(EDGES)),
        order("单-7", **odd | {"category": "jewellery"}),
        order("usd", store="S-3", currency="USD"),
    )
    wrong = fees.archive(
        *many(refunded="0.50", updated_at=LATER)[::7],
        order("usd", store="S-3", created_at="2020-06-01T09:00:00+08:00", updated_at=LATER),
        order("items", item="1"),
        order("items", item="2", store="S-2"),
    )
    assert (first.rejected, wrong.rejected) == (0, 0), first.rejections
    withdraw_orders(fees.book, wrong.position, reason="not ours", by="lin")
    digests = [
        same(fees.book, (PROGRAM, MAY), Clocks(as_of, known_at))
        for known_at in (first.position, wrong.position, fees.book.head().position)
        for as_of in (BEFORE, AFTER_MAY)
    ]
    assert len(set(digests)) == 3


def test_drawn_months_of_commissions_are_the_same(database: str, tmp_path: Path) -> None:
    """Over plans, approvals, registrations and bonds, known in part and known in whole."""
    digests = set()
    for seed in range(3):
        chance = Random(f"spark {seed}")
        told = commissions.Told(chance)
        quarter = commissions.opened(str(tmp_path / f"{seed}.db"), tmp_path, "platform", told)
        for facts, rows in told.dealt(chance):
            commissions.tell(quarter, facts, rows)
            clocks = Clocks(NOW, quarter.book.head().position)
            digests.add(same(quarter.book, (commissions.PROGRAM, commissions.MONTH), clocks))
        quarter.book.close()
    assert len(digests) == 5


def test_an_archive_lies_where_names_are_patterns_elsewhere(database: str, tmp_path: Path) -> None:
    """Spark reads some signs of a path as a pattern."""
    from ledger.usecases.init import init

    folder = tmp_path / "store=X" / "what [is] {due}, *?\\ %20 `é`"
    book = init(str(tmp_path / "book.db"), "platform", str(folder))[0]
    fees = Fees(book, tmp_path)
    fees.rates()
    fees.tell(onboarded("S-1"))
    fees.archive(order("a"))
    same(book, (PROGRAM, MAY), Clocks(NOW, book.head().position))
    assert settled(book, (PROGRAM, MAY), Clocks(NOW, book.head().position), spark()).lines
    book.close()


def test_a_sum_beyond_64_bits_is_refused_and_never_another_number(fees: Fees) -> None:
    """DuckDB has more bits for a sum; neither cuts one off."""
    fees.rates(rates=[{"category": "apparel", "rate": "1"}])
    fees.tell(onboarded("S-1", "2020-01-01T10:00:00+08:00"))
    fees.archive(*(order(f"o{number}", amount=EDGES[-1]) for number in range(11)))
    clocks = Clocks(NOW, fees.book.head().position)
    (line,) = settled(fees.book, (PROGRAM, MAY), clocks, None).lines
    assert line.amount_text == "-109999999999999999.89"
    with pytest.raises(SparkFailed, match="64 bits") as refused:
        settled(fees.book, (PROGRAM, MAY), clocks, spark())
    assert "leave --engine out" in refused.value.hint
