"""A database server that goes away: whether what was done is recorded is told, or not known."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection, event

from cli.main import run
from ledger.kernel.errors import ServerLost
from ledger.store import book as module
from ledger.store.book import Book, open_book
from ledger.usecases.init import init
from ledger.usecases.recording.record import record
from ledger.usecases.verifying.verify import verify
from tests.quarter import NOW, amount_of, silent

MANY = 300
"""So many rows are fed to the server in one go."""


@pytest.fixture
def url(new_database: Any) -> Iterator[str]:
    place = new_database()
    init(place, "platform")[0].close()
    yield place
    new_database.give_back(place)


@pytest.fixture
def asked(url: str) -> Iterator[Book]:
    book = open_book(url)
    yield book
    book.close()


def cut_off(connection: Connection) -> None:
    """The server ends the connection, as when it is shut down."""
    driver: Any = connection.connection.driver_connection
    with psycopg.connect(driver.info.dsn, autocommit=True) as other:
        sql = "SELECT pg_terminate_backend(%s, 5000)"
        assert other.execute(sql, [driver.info.backend_pid]).fetchone() == (True,)


def cut_off_at(engine: Any, what: str) -> None:
    """The connection ends when the next write begins, or is about to be committed."""

    ended: list[bool] = []

    def ends(connection: Connection) -> None:
        if connection.get_execution_options().get("duebook_write") and not ended:
            ended.append(True)
            cut_off(connection)

    event.listen(engine, what, ends)


def test_what_was_told_first_stands_when_another_connection_is_lost_too(asked: Book) -> None:
    """Whoever decides still holds a connection for reading, which is given back on the way out."""
    cut_off_at(asked.engine, "commit")

    def decide() -> None:
        with asked.reading() as reading:
            reading.exec_driver_sql("SELECT 1")
            with asked.log.writing():
                cut_off(reading)

    with pytest.raises(ServerLost, match="not known"):
        decide()


@pytest.mark.parametrize("facts", [1, MANY])
@pytest.mark.parametrize(
    ("what", "said"),
    [("begin", "Nothing was recorded."), ("commit", "Whether it was recorded is not known.")],
)
def test_a_server_that_goes_away_leaves_nothing_or_what_nobody_knows(
    asked: Book, write_facts: Callable[..., Path], facts: int, what: str, said: str
) -> None:
    """Before the commit nothing is recorded; at it nobody knows. The same again finds out."""
    path = str(write_facts([amount_of(f"S-{number}", "1.00") for number in range(facts)]))
    cut_off_at(asked.engine, what)
    with pytest.raises(ServerLost) as lost:
        record(asked, [path], now=NOW, by="test")
    assert said in lost.value.sentence
    assert "again" in lost.value.hint
    assert record(asked, [path], now=NOW, by="test").recorded == facts


def test_rows_that_are_on_their_way_when_the_server_goes_away_are_not_recorded(
    asked: Book, write_facts: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many rows go past SQLAlchemy, whose driver fails in words of its own."""
    path = str(write_facts([amount_of(f"S-{number}", "1.00") for number in range(MANY)]))
    copy = psycopg.Cursor.copy

    def cut(cursor: Any, *given: Any) -> Any:
        monkeypatch.undo()
        with psycopg.connect(cursor.connection.info.dsn, autocommit=True) as other:
            pid = cursor.connection.info.backend_pid
            other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
        return copy(cursor, *given)

    monkeypatch.setattr(psycopg.Cursor, "copy", cut)
    with pytest.raises(ServerLost, match="Nothing was recorded"):
        record(asked, [path], now=NOW, by="test")
    assert record(asked, [path], now=NOW, by="test").recorded == MANY


@pytest.mark.parametrize("what", ["begin", "commit"])
def test_a_command_that_loses_its_server_says_so(
    url: str,
    write_facts: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    what: str,
) -> None:
    """One sentence of what happened, one of what to do; exit code 1."""
    path = str(write_facts([amount_of("S-1", "1.00")]))
    made = module.url_engine

    def url_engine(location: str, *, readonly: bool = False) -> Any:
        engine = made(location, readonly=readonly)
        cut_off_at(engine, what)
        return engine

    with monkeypatch.context() as patch:
        patch.setattr(module, "url_engine", url_engine)
        assert run(["record", path, "--book", url]) == 1
    said = capsys.readouterr().err.splitlines()
    assert [line.split(":")[0] for line in said] == ["Error", "Run the same command again"]
    assert ("not known" in said[0]) is (what == "commit")
    assert run(["record", path, "--book", url]) == 0


def test_a_log_that_cannot_be_read_to_its_end_is_not_called_broken(asked: Book) -> None:
    """Verifying a book whose server goes away fails; it finds no fault."""
    ended: list[bool] = []

    def ends(connection: Connection, _cursor: Any, statement: str, *_: Any) -> None:
        if "FROM events" in statement and not ended:
            ended.append(True)
            cut_off(connection)

    event.listen(asked.engine, "before_cursor_execute", ends)
    with pytest.raises(ServerLost):
        verify(asked, [], silent)
