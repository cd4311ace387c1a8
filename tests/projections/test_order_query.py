"""SQL over order lines and read models together, and over nothing else."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ledger.kernel.errors import BadQuery
from ledger.store.book import Book
from projections.sql.query import query
from tests.fees import Fees, onboarded, order
from tests.marks import decision

pytestmark = decision


@pytest.fixture
def asked(book: Book, tmp_path: Path) -> Callable[[str], list[tuple[object, ...]]]:
    """The rows of a statement, of a book with a store, three orders and a revision."""
    fees = Fees(book, tmp_path)
    fees.tell(onboarded("S-1"))
    fees.archive(order("a"), order("b", category="digital"), order("c", store="S-9"))
    fees.archive(order("a", amount="60.00", updated_at="2020-05-25T00:00:00Z"))

    def ask(sql: str) -> list[tuple[object, ...]]:
        answer = query(book, sql, zone="Asia/Shanghai")
        return [tuple(row.values()) for row in answer.rows]

    return ask


def test_a_row_for_each_line_that_counts(asked: Callable[[str], list[tuple[object, ...]]]) -> None:
    """The version that counts; instants as text, amounts in minor units."""
    sql = "select order_id, amount_minor, created_at from orders order by 1"
    at = "2020-05-20T04:00:00Z"
    assert asked(sql) == [("a", 6000, at), ("b", 10000, at), ("c", 10000, at)]


def test_beside_read_models_and_gmv(asked: Callable[[str], list[tuple[object, ...]]]) -> None:
    """Names of tables in any case; a name of the statement's own is not a table."""
    joined = "select count(*) from ORDERS join stores using (store)"
    assert asked(joined) == [(2,)]
    sums = "with mine as (select * from gmv) select store, sum(amount_minor) from mine group by 1"
    assert sorted(asked(sums)) == [("S-1", 16000), ("S-9", 10000)]
    assert asked("select count(*) from stores where store = 'orders'") == [(0,)]


@pytest.mark.parametrize(
    "sql",
    [
        "select * from orders, read_csv('{path}')",
        "select * from orders union select * from '{path}'",
        "select (select count(*) from read_text('{path}')) from orders",
        "copy (select * from orders) to '{path}'",
        "select * from orders; select 1",
        "install httpfs; select * from orders",
        "delete from orders",
        "select * from orders, nothing",
    ],
)
def test_nothing_else_is_read_and_nothing_written(
    asked: Callable[[str], list[tuple[object, ...]]], tmp_path: Path, sql: str
) -> None:
    """No file of the machine's, no second statement."""
    path = tmp_path / "other.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(BadQuery):
        asked(sql.format(path=path))
    assert path.read_text() == "a,b\n1,2\n"
