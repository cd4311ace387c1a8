"""Parts of facts on a cluster: the same lines as here, of the same book, by the same rules."""

import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger.kernel.clocks import Clocks
from ledger.kernel.errors import Refusal
from ledger.programs.line import digest_of
from ledger.programs.registry import programs
from ledger.store.book import Book
from ledger.store.spark.partitions import _unpacked
from ledger.store.spark.refusals import NotAsHere, SparkFailed, without_places
from ledger.usecases.settling import on_cluster, parts
from ledger.usecases.settling import settle as settling
from ledger.usecases.settling.engines import NoUseForEngine
from ledger.usecases.settling.on_cluster import workers
from ledger.usecases.settling.settle import Settlement, published_edition, settle
from ledger.usecases.terms.editions import last_editions
from tests.forging import unguarded
from tests.marks import more
from tests.quarter import PROGRAM, Quarter, closure, held_quarter, on_sqlite
from tests.spark import spark
from tests.usecases.test_parts import NOW, periods, told_demo


@pytest.fixture
def quarter(book_with: Callable[[Any], Book], tmp_path: Path) -> Quarter:
    """A book with four stores of two partners."""
    quarter = Quarter(book_with(None), tmp_path)
    quarter.tell(held_quarter())
    return quarter


def on_spark(book: Book, asked: str, period: str | None = None, least: int = 1) -> Settlement:
    """A period settled on Spark in so many parts at least."""
    with book.reading() as connection, workers(book, least, spark()) as pool:
        clocks = Clocks(NOW, book.head().position)
        edition = published_edition(connection, asked, clocks)
        return settle(connection, edition, clocks, period=period, engine=spark(), processes=pool)


def here(book: Book, asked: str, period: str | None = None) -> Settlement:
    """The same period settled by this process."""
    with book.reading() as connection:
        clocks = Clocks(NOW, book.head().position)
        return settle(
            connection, published_edition(connection, asked, clocks), clocks, period=period
        )


@more
def test_programs_of_facts_are_the_same_in_however_many_parts(
    book_with: Callable[[Any], Book], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lines, reasons, obligations and digest; and nothing of it is worked out by this process."""
    book = book_with(told_demo)
    monkeypatch.setattr(parts, "SUBJECTS_MAX", 2)
    compared = set()
    dealing = {name: program for name, program in programs().items() if program.dealt}
    with book.reading() as connection:
        editions = list(last_editions(connection, book.head().position, dealing))
    for edition in editions:
        for period in periods(edition):
            ours = here(book, edition.program, period)
            if len(ours.lines) < 2 or edition.rules in compared:
                continue
            with monkeypatch.context() as patched:
                patched.setattr(settling, "in_this_process", None)
                theirs = on_spark(book, edition.program, period)
            answer = theirs.as_json()
            assert answer.pop("engine") == {"name": "spark", "version": spark().version}
            assert answer == ours.as_json()
            assert digest_of(theirs.lines) == digest_of(ours.lines)
            assert (theirs.days, theirs.windowed) == (ours.days, ours.windowed)
            compared.add(edition.rules)
    assert compared == set(dealing)


@more
def test_a_quarter_on_a_cluster_is_that_of_both_databases(quarter: Quarter) -> None:
    """Its machines open the book by themselves, a file or a database, and read what was known
    then: nothing that came later."""
    ours = here(quarter.book, PROGRAM)
    before = Clocks(NOW, quarter.book.head().position)
    quarter.tell([closure("S-2", "counterfeit")])
    with quarter.book.reading() as connection, workers(quarter.book, 3, spark()) as pool:
        edition = published_edition(connection, PROGRAM, before)
        how: Any = {"engine": spark(), "processes": pool}
        known_then = settle(connection, edition, before, **how)
        unexplained = settle(connection, edition, before, explained=False, **how)
    assert digest_of(known_then.lines) == digest_of(ours.lines)
    assert known_then.as_json()["lines"] == ours.as_json()["lines"]
    assert not any(line["explanation"] for line in unexplained.as_json()["lines"])
    now = on_spark(quarter.book, PROGRAM, least=2)
    assert digest_of(now.lines) == digest_of(here(quarter.book, PROGRAM).lines)
    assert digest_of(now.lines) != digest_of(ours.lines)


@more
@on_sqlite
def test_a_machine_that_is_not_as_this_one_is_refused(
    quarter: Quarter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the book, with another one in its place, a copy that lags behind, other rules."""
    with monkeypatch.context() as patched:
        for name in ("read_from", "location"):
            patched.setattr(quarter.book, name, "/nowhere/book.db")
        with pytest.raises(NotAsHere, match=r"cannot open the book\. There is no book at /nowhere"):
            on_spark(quarter.book, PROGRAM)
    with monkeypatch.context() as patched:
        patched.setattr(on_cluster, "hash_at", lambda connection, position: b"of another book")
        with pytest.raises(NotAsHere, match="finds another book at"):
            on_spark(quarter.book, PROGRAM)
    later = Clocks(NOW, quarter.book.head().position + 7)
    with quarter.book.reading() as connection, workers(quarter.book, 1, spark()) as pool:
        edition = published_edition(connection, PROGRAM, later)
        monkeypatch.setattr(on_cluster, "hash_at", lambda connection, position: b"known here")
        with pytest.raises(NotAsHere, match="finds no event"):
            settle(connection, edition, later, engine=spark(), processes=pool)
    monkeypatch.setattr(on_cluster, "digest_of_rules", lambda: "sha256:other")
    with pytest.raises(NotAsHere, match="another version of duebook") as refused:
        on_spark(quarter.book, PROGRAM)
    assert "leave --engine out" in refused.value.hint


@more
@on_sqlite
def test_what_a_machine_refuses_is_what_the_run_is_refused_for(quarter: Quarter) -> None:
    """With its kind, its hint and its facts; as this process refuses it."""
    with unguarded(quarter.book) as connection:
        sql = "UPDATE events SET topic = 'Forgotten:1' WHERE stream LIKE 'store:%'"
        assert connection.exec_driver_sql(sql).rowcount
    with pytest.raises(Refusal) as ours:
        here(quarter.book, PROGRAM)
    with pytest.raises(type(ours.value)) as theirs:
        on_spark(quarter.book, PROGRAM)
    assert vars(theirs.value) == vars(ours.value)


@more
@on_sqlite
def test_a_book_that_is_read_from_a_copy_is_not_sent_for(
    quarter: Quarter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The copy of one of an older version lies on this machine alone."""
    monkeypatch.setattr(quarter.book, "read_from", str(quarter.folder / "copy.db"))
    with pytest.raises(NotAsHere, match="from a copy here") as refused:
        on_spark(quarter.book, PROGRAM)
    assert "duebook upgrade" in refused.value.hint


@more
@on_sqlite
def test_what_cannot_be_dealt_is_refused(book_with: Callable[[Any], Book]) -> None:
    """Nothing else is run instead."""
    with pytest.raises(NoUseForEngine, match="takes all subjects together"):
        on_spark(book_with(None), "pid-binding-2020")


class Harm:
    """Something that would do harm when it is taken out of its bytes."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("harmed",)


HARM = (Harm(), Path("x"), eval, Book, on_cluster.digest_of_rules)
BROKEN = (b"", b"cledger.none\nNone\n.", b"cledger.programs.line\nNone\n.", b"\x80\x05K\x01")


@pytest.mark.parametrize("answer", [*map(pickle.dumps, HARM), *BROKEN])
def test_what_is_no_answer_is_not_taken_apart(
    answer: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that is asked could send anything: no code of its choosing is run."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SparkFailed, match="what is no answer"):
        _unpacked(answer)
    assert not list(tmp_path.iterdir())


def test_of_an_error_of_python_its_last_words_are_said() -> None:
    """Not the places in our code and what stands in its lines."""
    said = without_places(
        "An exception was thrown from the Python worker.\n"
        "Traceback (most recent call last):\n"
        '  File "/opt/spark/worker.py", line 7, in main\n'
        "    secret = 1\n"
        "    ^^^^^^^^^^\n"
        "ModuleNotFoundError: No module named 'ledger'\n"
        "\n"
        "JVM stacktrace:\n"
    )
    assert said == "ModuleNotFoundError: No module named 'ledger'"
    assert without_places("Something else failed") == "Something else failed"


def test_other_code_and_other_libraries_that_tell_days_are_other_rules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A holiday that only one of two machines knows would move a day, and an amount."""
    digest = on_cluster.digest_of_rules.__wrapped__
    here = digest()
    assert digest() == here
    with monkeypatch.context() as patched:
        patched.setattr(on_cluster, "version", lambda library: f"other than {library}")
        assert digest() != here
    (tmp_path / "kernel").mkdir()
    (tmp_path / "kernel" / "money.py").write_text("# rounds otherwise\n", encoding="utf-8")
    with monkeypatch.context() as patched:
        patched.setattr(on_cluster, "files", lambda package: tmp_path)
        assert digest() != here
