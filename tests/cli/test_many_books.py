"""`--books`: several books read together, each row with its book, and nothing is written."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.cli.closing import AS_OF, BY, LEFT
from tests.quarter import PROGRAM, held_quarter, store

Duebook = Callable[..., Any]
JSON = ("--format", "json")
BOOKS = ("--books", "books.toml")
STATUS = {
    *("books", "to_close", "held", "exceptions", "overdue", "payments_due", "breaks", "totals"),
}
STANDING = {"name", "location", "entity", "position", "head", "recorded_at", "known_at"}


def listed(*books: tuple[str, str]) -> None:
    """Writes `books.toml`."""
    text = ""
    for name, place in books:
        key = "url" if "://" in place else "path"
        text += f"[[book]]\nname = {json.dumps(name)}\n{key} = {json.dumps(place)}\n\n"
    Path("books.toml").write_text(text, encoding="utf-8")


@pytest.fixture(params=["sqlite", "postgresql"])
def two(
    request: pytest.FixtureRequest, here: Path, duebook: Duebook, file: Callable[..., str]
) -> Iterator[dict[str, str]]:
    """A book in a file, told of the quarter, and another that has one payable store more, in a
    file or on a server; and their list."""
    (here / "eu").mkdir()
    second = "jp.db"
    databases = None
    if request.param == "postgresql":
        databases = request.getfixturevalue("new_database")
        second = databases()
    places = {"eu": "eu/book.db", "jp": second}
    for place in places.values():
        assert duebook("init", "--book", place).code == 0
        assert duebook("record", file(held_quarter()), "--book", place).code == 0
    assert duebook("record", file([*store(7)], "more.ndjson"), "--book", second).code == 0
    listed(*places.items())
    yield places
    if databases is not None:
        databases.give_back(second)


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, but for what SQLite shares between readers."""
    files = (path for path in folder.rglob("*") if path.is_file())
    shared = ("-shm", "-wal")
    return {str(path): path.read_bytes() for path in files if not path.name.endswith(shared)}


def test_the_status_of_several_books_is_that_of_each_and_their_totals(
    two: dict[str, str], duebook: Duebook
) -> None:
    """Row by row what each says alone, its name in front; sums per currency over all."""
    answer = duebook("status", *BOOKS, *AS_OF, *JSON).json
    assert set(answer) == STATUS
    alone = {
        name: duebook("status", "--book", place, *AS_OF, *JSON).json for name, place in two.items()
    }
    for part in ("to_close", "held", "exceptions", "overdue", "payments_due", "breaks"):
        expected = [{"book": name, **row} for name, one in alone.items() for row in one[part]]
        assert answer[part] == expected
        assert all(next(iter(row)) == "book" for row in answer[part])
    assert {own["name"]: own["position"] for own in answer["books"]} == {
        name: one["head"]["position"] for name, one in alone.items()
    }
    more = {"as_of", "verified", "receipts", "parked"}
    assert {frozenset(own) for own in answer["books"]} == {frozenset(STANDING | more)}
    sums = [Decimal(row["totals"]["CNY"]) for row in answer["to_close"] if row["totals"]]
    assert len(sums) == 2
    assert sums[0] != sums[1]
    assert answer["totals"]["to_close"] == {"CNY": str(sum(sums))}
    table = duebook("status", *BOOKS, *AS_OF)
    assert table.out.startswith("book ")
    (total,) = (line.split() for line in table.out.splitlines() if line.startswith("(all)"))
    assert total == ["(all)", "to", "close", f"{sum(sums):,}", "CNY"]
    for name in two:
        assert f"\n{name} (" in table.err


def test_payments_due_are_summed_apart_from_what_payees_owe(
    two: dict[str, str], duebook: Duebook
) -> None:
    """After a close in each book."""
    for place in two.values():
        assert duebook("close", PROGRAM, *AS_OF, *BY, *LEFT, "--book", place).code == 0
    answer = duebook("status", *BOOKS, *JSON).json
    due = [Decimal(row["open"]) for row in answer["payments_due"]]
    assert len(due) == 2
    assert answer["totals"] == {"payments_due": {"CNY": str(sum(due))}}


def test_a_report_over_several_books_has_the_rows_of_each(
    two: dict[str, str], duebook: Duebook
) -> None:
    """The book is a column like the others: to narrow by, to sort by, to leave out."""
    for name in ("stores", "exceptions", "obligations", "audit", "trial-balance"):
        answer = duebook("report", name, *BOOKS, *AS_OF, *JSON).json
        expected = [
            {"book": book, **row}
            for book, place in two.items()
            for row in duebook("report", name, "--book", place, *AS_OF, *JSON).json
        ]
        assert answer["rows"] == expected, name
        assert [set(own) for own in answer["books"]] == [STANDING, STANDING]
    only = duebook("report", "stores", *BOOKS, "--where", "book=jp", "--where", "store=S-7", *JSON)
    assert [row["book"] for row in only.json["rows"]] == ["jp"]
    both = duebook("report", "stores", *BOOKS, "--sort", "-book", "--columns", "store,book", *JSON)
    assert next(row["book"] for row in both.json["rows"]) == "jp"
    assert duebook("report", "stores", *BOOKS, "--where", "nope=1").code == 2
    assert "Book" not in duebook("report", "nope", *BOOKS).err


def test_a_query_over_several_books_has_their_name_in_every_table(
    two: dict[str, str], duebook: Duebook
) -> None:
    """Summed, joined, and counted as each alone; the decimals are exact."""
    sql = "select count(*) as n, sum(amount) as amount from gmv"
    alone = {book: duebook("query", sql, "--book", place, *JSON).json[0]
             for book, place in two.items()}  # fmt: skip
    ran = duebook("query", f"select book, {sql[7:]} group by book order by book", *BOOKS, *JSON)
    assert ran.json["rows"] == [{"book": book, **row} for book, row in alone.items()]
    assert [set(own) for own in ran.json["books"]] == [STANDING, STANDING]
    whole = duebook("query", sql, *BOOKS, *JSON).json["rows"][0]
    assert Decimal(whole["amount"]) == sum(Decimal(one["amount"]) for one in alone.values())
    joined = (
        "select s.book, count(*) as n from stores s join partners p"
        " on p.book = s.book and p.partner = s.partner group by 1 order by 1"
    )
    assert [row["n"] for row in duebook("query", joined, *BOOKS, *JSON).json["rows"]] == [
        *(len(duebook("report", "stores", "--book", two["eu"], *JSON).json),),
        *(len(duebook("report", "stores", "--book", two["jp"], *JSON).json),),
    ]
    fresh = "select book, count(*) as n from lines where stands = 'fresh' group by 1 order by 1"
    lines = duebook("query", fresh, *BOOKS, "--program", "recruiting", *AS_OF, *JSON).json["rows"]
    assert [row["n"] for row in lines] == [4, 5]
    tables = duebook("query", *BOOKS, *JSON).json
    for table in tables:
        assert table["columns"][0] == "book"
        asked = duebook("query", f"select * from {table['table']} limit 0", *BOOKS, *JSON)
        assert asked.code == 0, asked.err


def test_a_query_over_several_books_meets_the_same_walls(
    two: dict[str, str], duebook: Duebook
) -> None:
    """One SELECT over the tables, by listed functions, for so long, so many rows."""
    for sql in (
        "delete from gmv",
        "select * from events",
        "select * from read_csv('books.toml')",
        "select getenv('HOME')",
        "select * from gmv__kept",
        "select * from order_lines_0",
        "select 1; select 2",
    ):
        ran = duebook("query", sql, *BOOKS)
        assert (ran.code, ran.out) == (1, ""), sql
    cut = duebook("query", "select * from stores", *BOOKS, "--max-rows", "2")
    assert "Cut: there are more than these 2 rows." in cut.err
    forever = "with recursive t(n) as (select 1 union all select n + 1 from t) select max(n) from t"
    slow = duebook("query", forever, *BOOKS, "--timeout", "0.2")
    assert (slow.code, "stopped after 0.2 seconds" in slow.err) == (1, True)


def test_order_lines_of_several_books_are_one_table(
    here: Path, duebook: Duebook, file: Callable[..., str]
) -> None:
    """Each from its own archive, also where only one book has any."""
    header = "order_id,store,created_at,amount,currency,traffic,channel,payment,category\n"
    row = "o{n},D-01,2020-05-0{n}T00:00:00Z,1.50,CNY,ad,other,online,x\n"
    for name, orders in (("a.db", 1), ("b.db", 2), ("none.db", 0)):
        assert duebook("init", "--book", name).code == 0
        if orders:
            rows = "".join(row.format(n=n) for n in range(1, orders + 1))
            file(header + rows, f"{name}.csv")
            assert duebook("orders", f"{name}.csv", "--book", name).code == 0
    listed(("a", "a.db"), ("b", "b.db"), ("none", "none.db"))
    for table in ("orders", "gmv"):
        sql = f"select book, sum(amount) as sum from {table} group by 1 order by 1"
        ran = duebook("query", sql, *BOOKS, *JSON)
        assert ran.json["rows"] == [{"book": "a", "sum": "1.50"}, {"book": "b", "sum": "3.00"}]
    next(Path("b.db.orders").glob("*.parquet")).unlink()
    ran = duebook("query", "select count(*) from orders", *BOOKS)
    assert (ran.code, ran.out) == (5, "")
    assert "Book 'b': " in ran.err


def test_books_that_are_read_together_are_only_read(
    two: dict[str, str], duebook: Duebook, here: Path
) -> None:
    """Not even their read models are built, nor is anything swept."""
    before = contents(here)
    for words in (("status",), ("report", "statements"), ("query", "select * from lines")):
        assert duebook(*words, *BOOKS).code == 0
    assert contents(here) == before
    for path in here.rglob("*.db"):
        path.chmod(0o444)
    assert duebook("status", *BOOKS).code == 0


def test_an_answer_is_never_written_over_one_of_the_books_or_their_list(
    two: dict[str, str], duebook: Duebook, here: Path
) -> None:
    """All of them are the books of this call."""
    before = contents(here)
    names = ["eu/book.db", "eu/book.db.receipts", "eu/book.db.orders/x.json", "books.toml"]
    for name in names:
        ran = duebook("report", "stores", *BOOKS, *JSON, "-o", name, "--overwrite")
        assert (ran.code, "Nothing was done." in ran.err) == (1, True), name
    assert contents(here) == before


@pytest.mark.parametrize(
    "words",
    [
        ("status", "--book", "eu.db", *BOOKS),
        ("--book", "eu.db", "status", *BOOKS),
        ("status", *BOOKS, "--known-at", "7"),
        ("status", *BOOKS, "--since", "7"),
        ("report", "close", PROGRAM, *BOOKS),
    ],
)
def test_what_is_of_one_book_is_a_usage_error_with_several(
    duebook: Duebook, here: Path, words: tuple[str, ...]
) -> None:
    """One book beside several, positions, a page of one period."""
    for name in ("eu.db", "jp.db"):
        assert duebook("init", "--book", name).code == 0
    listed(("eu", "eu.db"), ("jp", "jp.db"))
    ran = duebook(*words)
    assert (ran.code, ran.out) == (2, "")


def test_the_book_of_the_environment_is_no_contradiction(
    duebook: Duebook, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is a default, and not typed; paths are relative to the list, not to where one is."""
    for name in ("eu.db", "jp.db"):
        assert duebook("init", "--book", name).code == 0
    listed(("eu", "eu.db"), ("jp", "jp.db"))
    monkeypatch.setenv("DUEBOOK_BOOK", "other.db")
    (here / "below").mkdir()
    os.chdir(here / "below")
    ran = duebook("status", "--books", "../books.toml", *JSON)
    assert [own["name"] for own in ran.json["books"]] == ["eu", "jp"]


def test_a_book_that_cannot_be_opened_is_named_and_nothing_is_answered(
    duebook: Duebook, here: Path
) -> None:
    """Missing, no book at all, cut: the others are not answered for it."""
    assert duebook("init", "--book", "eu.db").code == 0
    listed(("eu", "eu.db"), ("jp", "jp.db"))
    words = (("status",), ("report", "stores"), ("query", "select count(*) from stores"))
    for content in (None, b"no book", b""):
        if content is not None:
            Path("jp.db").write_bytes(content)
        for asked in words:
            ran = duebook(*asked, *BOOKS)
            assert (ran.code, ran.out) == (1, ""), asked
            assert "Error: Book 'jp': " in ran.err
    listed(("eu", "eu.db"), ("jp", "postgresql://nobody@127.0.0.1:1/none"))
    ran = duebook("status", *BOOKS)
    assert (ran.code, ran.out, "Error: Book 'jp': " in ran.err) == (1, "", True)


def test_a_book_is_read_once(duebook: Duebook, here: Path) -> None:
    """By whatever name, path, link or copy: its amounts would be counted twice."""
    assert duebook("init", "--book", "eu.db").code == 0
    shutil.copy("eu.db", "copy.db")
    Path("link.db").symlink_to("eu.db")
    for place in ("eu.db", "./eu.db", "copy.db", "link.db", str(here / "eu.db")):
        listed(("eu", "eu.db"), ("jp", place))
        ran = duebook("status", *BOOKS)
        assert (ran.code, ran.out) == (2, ""), place
        assert "'eu' and 'jp' are the same book" in ran.err
    assert duebook("init", "--book", "jp.db").code == 0
    listed(("eu", "eu.db"), ("EU", "jp.db"))
    ran = duebook("status", *BOOKS)
    assert (ran.code, "the name 'EU' is there twice" in ran.err) == (2, True)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "book = 1",
        "[[book]\n",
        "[[book]]\nname = 'a'\n",
        "[[book]]\nname = 'a'\npath = 'x'\nurl = 'postgresql://h/x'\n",
        "[[book]]\nname = '(all)'\npath = 'x'\n",
        "[[book]]\nname = ''\npath = 'x'\n",
        "[[book]]\nname = 'a'\nurl = 'mysql://h/x'\n",
        "[[book]]\nname = 'a'\npath = 'postgresql://h/x'\n",
        "[[book]]\nname = 'a'\npath = 'x'\nzone = 'UTC'\n",
    ],
)
def test_a_list_that_says_something_else_is_refused(
    duebook: Duebook, here: Path, text: str
) -> None:
    """With its name, and how a book is written."""
    Path("books.toml").write_text(text, encoding="utf-8")
    ran = duebook("status", *BOOKS)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("Error: books.toml")
    assert "[[book]]" in ran.err
    assert duebook("status", "--books", "none.toml").code == 2


def test_a_password_in_a_url_is_not_shown(duebook: Duebook, here: Path) -> None:
    """Neither where the server is not there."""
    listed(("jp", "postgresql://lin:secret@127.0.0.1:1/none"))
    ran = duebook("status", *BOOKS)
    assert ran.code == 1
    assert "secret" not in ran.out + ran.err
