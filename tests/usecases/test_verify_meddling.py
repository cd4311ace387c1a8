"""Whatever was put on a book's tables that could change an answer is named by `verify`."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger.store.book import Book, is_url, open_book
from ledger.usecases.verifying.verify import verify
from projections.catalogue import VIEWS
from projections.leftovers import building
from projections.runner import catch_up, rebuild
from projections.verify import verify_places
from tests.quarter import NOW

GOLDEN = Path(__file__).parents[1] / "golden" / "closed-format2.db"
ON_A_FILE = {
    "trigger evil on events": "CREATE TRIGGER evil AFTER INSERT ON events"
    " BEGIN DELETE FROM refs WHERE position = NEW.position; END",
    "trigger evil on refs": "CREATE TRIGGER evil AFTER INSERT ON refs"
    " BEGIN DELETE FROM refs WHERE kind = NEW.kind; END",
    "generated column refs.more": "ALTER TABLE refs ADD COLUMN more TEXT AS (kind || name)",
    "column withdrawn.more, added or gone": "ALTER TABLE withdrawn ADD COLUMN more TEXT",
    "column snapshots.day, added or gone": "ALTER TABLE snapshots RENAME COLUMN day TO days",
}
ON_A_SERVER = {
    "trigger evil on refs": "CREATE TRIGGER evil BEFORE INSERT ON refs FOR EACH ROW"
    " EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "rule evil on withdrawn": "CREATE RULE evil AS ON INSERT TO withdrawn DO INSTEAD NOTHING",
    "row security on events": "ALTER TABLE events ENABLE ROW LEVEL SECURITY",
    "more inherits from refs": "CREATE TABLE more () INHERITS (refs)",
    "generated column refs.more": "ALTER TABLE refs ADD COLUMN more TEXT"
    " GENERATED ALWAYS AS (kind || name) STORED",
    "column withdrawn.more, added or gone": "ALTER TABLE withdrawn ADD COLUMN more TEXT",
    "refs is no plain table": "ALTER TABLE refs RENAME TO old;"
    " CREATE VIEW refs AS SELECT * FROM old",
}


def run_sql(book: Book, sql: str) -> None:
    with book.engine.begin() as connection:
        for statement in sql.split(";") if is_url(book.location) else [sql]:
            connection.exec_driver_sql(statement.replace("%", "%%"))


def guards_of(book: Book) -> Any:
    checks = verify(book, [], lambda what, more: None)
    return next(check for check in checks if check.name == "guards")


@pytest.mark.parametrize(
    ("database", "named", "made"),
    [
        *(("sqlite", *one) for one in sorted(ON_A_FILE.items())),
        *(("postgresql", *one) for one in sorted(ON_A_SERVER.items())),
    ],
    indirect=["database"],
)
def test_what_could_change_an_answer_is_named(book: Book, named: str, made: str) -> None:
    """Triggers, rules, policies, views in place of tables, tables that inherit, columns."""
    assert guards_of(book).ok
    run_sql(book, made)
    found = guards_of(book)
    assert not found.ok
    assert named in found.detail


def test_a_view_beside_the_tables_changes_no_answer_and_is_named(book: Book) -> None:
    """Somebody may look at the book in his own way."""
    run_sql(book, "CREATE VIEW mine AS SELECT * FROM events")
    found = guards_of(book)
    assert found.ok
    assert "view mine" in found.detail


def test_a_view_beyond_the_head_is_named_and_built_again_at_its_next_use(book: Book) -> None:
    """Else facts that are recorded next would be left out of reports."""
    view = VIEWS["gmv"]
    catch_up(book, view)
    head = book.head().position
    assert verify_places(book).ok
    run_sql(book, "UPDATE duebook_views SET position = position + 500")
    found = verify_places(book)
    assert not found.ok
    assert f"gmv stands at {head + 500}, beyond the head at {head}" in found.detail
    assert catch_up(book, view) == head
    assert verify_places(book).ok


def test_a_read_model_that_is_a_view_is_named(book: Book) -> None:
    """It would say whatever its maker wants."""
    rebuild(book, VIEWS["gmv"])
    run_sql(book, "ALTER TABLE gmv RENAME TO old_gmv")
    run_sql(book, "CREATE VIEW gmv AS SELECT * FROM old_gmv")
    found = verify_places(book)
    assert not found.ok
    assert "gmv is " in found.detail


def test_what_is_being_built_is_named(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be what a killed rebuild left."""
    rebuild(book, VIEWS["gmv"])
    run_sql(book, "INSERT INTO duebook_views VALUES ('gmv__next', 1, 0)")
    with building(book):
        assert "gmv__next" in verify_places(book).detail


ASKED = (
    ("verify",),
    ("report", "stores"),
    ("report", "exceptions"),
    ("settle", "recruiting-eu-jp-2026q1"),
    ("statement", "recruiting-eu-jp-2026q1"),
    ("replay", "recruiting-eu-jp-2026q1"),
    ("journal",),
    ("balances",),
    ("log",),
    ("query", "select count(*) from stores"),
    ("programs",),
)


def test_a_book_of_an_older_format_that_may_only_be_read_is_asked_everything(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], duebook_of: Callable[..., int]
) -> None:
    """From a copy that is gone afterwards; its answers are those of the book brought up to date,
    and not a byte of it changes."""
    read_only, written = tmp_path / "read.db", tmp_path / "written.db"
    for path in (read_only, written):
        shutil.copy(GOLDEN, path)
        path.chmod(0o644)
    read_only.chmod(0o444)
    before = read_only.read_bytes()
    for words in ASKED:
        answers = []
        for path in (read_only, written):
            capsys.readouterr()
            assert duebook_of(path, *words) == 0, words
            answers.append(capsys.readouterr())
        if words != ("verify",):
            assert answers[0].out == answers[1].out, words
        assert "may only be read" in answers[0].err
    assert duebook_of(read_only, "upgrade", "--by", "lin") == 1
    assert read_only.read_bytes() == before
    assert sorted(os.listdir(tmp_path)) == ["read.db", "written.db", "written.db.verified"]


@pytest.fixture
def duebook_of(monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Runs a command on a book, all at one instant."""
    from cli.main import run

    monkeypatch.setattr("cli.options.now", lambda: NOW)
    return lambda path, *words: run([*words, "--book", str(path)])


def test_order_files_that_are_gone_are_told_as_such(tmp_path: Path) -> None:
    """The log holds and the archive does not; of a book that may only be read too."""
    from cli.main import run

    shutil.copy(GOLDEN.with_name("closed-format3.db"), tmp_path / "b.db")
    (tmp_path / "b.db").chmod(0o444)
    assert run(["verify", "--book", str(tmp_path / "b.db")]) == 5
    book = open_book(str(tmp_path / "b.db"))
    assert not book.writable
    book.close()
