"""A book of an older format on PostgreSQL, asked by a role that may not bring it up to date."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, text

from cli.main import run
from ledger.store import schema
from ledger.store.book import open_book
from ledger.store.engines import url_engine
from ledger.store.places import ARCHIVE
from tests.quarter import PROGRAM
from tests.roles import Roles

HERE = Path(__file__).parent
STORED = {2: HERE / "closed-format2.db", 3: HERE / "closed-format3.db"}
FEES, MAY = "technical-fee-2020", "2020-05"
ASKED = {
    2: [
        ("settle", PROGRAM),
        ("explain", f"{PROGRAM}/S-1"),
        ("replay", PROGRAM),
        ("statement", PROGRAM),
        ("journal",),
        ("balances",),
        ("report", "stores"),
        ("report", "statements"),
        ("query", "select store from stores order by store"),
        ("log",),
        ("export", "facts"),
    ],
    3: [("settle", FEES, MAY), ("replay", FEES, MAY), ("report", "gmv"), ("log",)],
}
CHECKED = "events, every hash recomputed"


def on_a_server(stored: Path, url: str, archive: Path) -> None:
    """The same rows in a book on PostgreSQL, as that version would have written them there."""
    engine = url_engine(url)
    with closing(sqlite3.connect(stored)) as source, engine.begin() as target:
        schema.create(target)
        source.row_factory = sqlite3.Row
        kept = {row[0] for row in source.execute("SELECT name FROM sqlite_master")}
        for table in schema.metadata.sorted_tables:
            if table.name not in kept:
                target.execute(text(f'DROP TABLE "{table.name}"'))  # of a later version
                continue
            rows = [dict(row) for row in source.execute(f'SELECT * FROM "{table.name}"')]
            if rows:
                target.execute(insert(table), rows)
        target.execute(insert(schema.meta), [{"key": ARCHIVE, "value": str(archive)}])
    engine.dispose()


@pytest.fixture(params=sorted(STORED), ids="format {}".format)
def older(
    request: pytest.FixtureRequest, tmp_path: Path, new_database: Callable[[], str]
) -> tuple[int, Roles, str]:
    """A book of that format on a server, under the three roles, and as a file."""
    stored = STORED[request.param]
    file = str(shutil.copy(stored, tmp_path / "closed.db"))
    if Path(f"{stored}.orders").exists():
        shutil.copytree(f"{stored}.orders", f"{file}.orders")
    roles = Roles(new_database())
    on_a_server(stored, roles.url, Path(f"{file}.orders"))
    assert roles.run_script() == []
    roles.let_in()
    Path(file).chmod(0o444)
    return request.param, roles, file


@pytest.fixture
def answer(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Asks, with an answer that programs read, except where there is but one form."""

    def ask(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        form = () if arguments[0] == "export" else ("--format", "json")
        code = run([*arguments, *form])
        return code, *capsys.readouterr()

    return ask


@pytest.mark.parametrize("login", ["reviewer", "clerk"])
def test_it_can_be_asked_everything_and_stays_as_it_is(
    older: tuple[int, Roles, str], answer: Callable[..., Any], login: str
) -> None:
    """The answers are those of the same book as a file; how they came about is said."""
    format_, roles, file = older
    tables = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
    stood = sorted(roles.ask(tables)), roles.ask("SELECT * FROM duebook_meta ORDER BY key")
    at = ("--as-of", "2027-01-01")
    for question in ASKED[format_]:
        clocks = at if question[0] in ("settle", "explain", "statement") else ()
        code, out, err = answer(*question, *clocks, "--book", roles.of(login))
        assert (code, out) == answer(*question, *clocks, "--book", file)[:2], question
        assert code == 0, (question, err)
        assert "answered from a copy" in err
    assert sorted(roles.ask(tables)) == stood[0]
    assert roles.ask("SELECT * FROM duebook_meta ORDER BY key") == stood[1]
    assert roles.ask("SELECT count(*) FROM pg_stat_activity WHERE usename = '" + login + "'") == [
        (0,)
    ]


def test_it_is_verified_and_what_somebody_did_to_it_is_told(
    older: tuple[int, Roles, str], answer: Callable[..., Any]
) -> None:
    """The log and its indexes in the copy; guards and what stands beside the tables, there."""
    _, roles, _ = older
    reviewer = ("--book", roles.of("reviewer"))
    code, out, err = answer("verify", *reviewer)
    assert (code, CHECKED in out) == (0, True), err
    roles.ask("ALTER TABLE events DISABLE TRIGGER events_refuse_change")
    code, out, _ = answer("verify", *reviewer)
    assert code == 5
    assert "missing, disabled or changed: events_refuse_change" in out
    roles.ask("ALTER TABLE events ENABLE TRIGGER events_refuse_change")
    roles.ask("INSERT INTO refs SELECT kind, 'P-9', position, at, stream, detail FROM refs LIMIT 1")
    code, out, _ = answer("verify", *reviewer)
    assert code == 5
    assert "not in the log" in out
    assert "P-9" in out


@pytest.mark.parametrize(
    ("login", "said"),
    [
        ("reviewer", "The role reviewer may only read this book"),
        ("clerk", "this role may not bring it up to date"),
    ],
)
def test_it_is_not_written_and_the_refusal_says_whose_turn_it_is(
    older: tuple[int, Roles, str], answer: Callable[..., Any], login: str, said: str
) -> None:
    """Neither a fact nor an upgrade; the keeper upgrades it, and then the clerk records."""
    format_, roles, _ = older
    book = ("--book", roles.of(login))
    for words in (("withdraw", "50", "--reason", "wrong"), ("close", PROGRAM), ("upgrade",)):
        code, out, err = answer(*words, "--by", "lin", *book)
        assert (code, out) == (1, ""), words
        assert said in err or (format_ == 3 and words[0] == "upgrade"), err
    if format_ == 2:
        assert answer("upgrade", "--by", "lin", "--book", roles.of("keeper"))[0] == 0
        assert roles.run_script() == []
        opened = open_book(roles.of("clerk"))
        assert (opened.format, opened.writable) == (schema.FORMAT, True)
        opened.close()


def test_a_writer_does_not_upgrade_a_book_whose_index_is_up_to_date(
    older: tuple[int, Roles, str], answer: Callable[..., Any]
) -> None:
    """Of a format that is read as it is, nothing is copied; the upgrade is the owner's."""
    format_, roles, _ = older
    assert answer("programs", "--book", roles.of("keeper"))[0] == 0
    code, out, err = answer("upgrade", "--by", "lin", "--book", roles.of("clerk"))
    assert (code, out) == (1, "")
    assert "copy" not in err
    if format_ == 2:
        assert "The role clerk may not change the tables of this book" in err
        assert "duebook_owner" in err
    assert answer("report", "stores", "--book", roles.of("reviewer"))[0] == 0
