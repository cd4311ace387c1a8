"""A write by a wrong clock is refused; one that is said to be right goes through and says so."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger.kernel.errors import ClockDoubted
from ledger.kernel.instants import format_instant, parse_instant
from ledger.store.book import Book, is_url
from ledger.store.head import microseconds_now
from ledger.usecases.init import init
from ledger.usecases.recording.record import record
from ledger.usecases.terms.publish import publish
from ledger.usecases.verifying.clock import verify_clock
from tests.quarter import PROGRAM, held_quarter

MINUTE = 60_000_000
DAY = 1440 * MINUTE
CERTIFIED = {"type": "PartnerCertified", "at": "2026-02-01T08:00:00Z", "partner": "P-1"}
Set = Callable[[int], None]


@pytest.fixture
def set_clock(monkeypatch: pytest.MonkeyPatch) -> Set:
    """Sets this machine's clock, which goes on standing there; the server's goes on."""

    def set_(instant: int) -> None:
        monkeypatch.setattr(time, "time_ns", lambda: instant * 1000)

    return set_


def recorded(book: Book, write_facts: Callable[..., Path], **fact: str) -> int:
    """How many facts a call records by the clock as it is set."""
    path = write_facts([CERTIFIED | fact])
    return record(book, [str(path)], now=microseconds_now(), by="test").recorded


@pytest.mark.parametrize(
    ("away", "refused_in_a_file", "refused_on_a_server"),
    [
        (-6 * MINUTE, True, True),
        (-4 * MINUTE, False, False),
        (4 * MINUTE, False, False),
        (6 * MINUTE, False, True),
        (39 * DAY, False, True),
        (41 * DAY, True, True),
    ],
)
def test_a_clock_far_from_the_last_event_or_the_servers_is_refused(
    book: Book,
    write_facts: Callable[..., Path],
    set_clock: Set,
    away: int,
    refused_in_a_file: bool,
    refused_on_a_server: bool,
) -> None:
    """Five minutes before the last event, forty days after it, five minutes from the server's;
    with both times, and nothing is recorded. A book that was just made has a last event too."""
    start = book.head()
    set_clock(start.recorded_at + away)
    if not (refused_on_a_server if is_url(book.location) else refused_in_a_file):
        assert recorded(book, write_facts) == 1
        return
    with pytest.raises(ClockDoubted) as doubted:
        recorded(book, write_facts)
    assert format_instant(start.recorded_at + away) in doubted.value.sentence
    if not is_url(book.location):
        assert format_instant(start.recorded_at) in doubted.value.sentence
    assert "--clock-is-right --reason" in doubted.value.hint
    assert book.head() == start


def test_the_clock_is_looked_at_once_more_under_the_lock(
    book: Book, set_clock: Set, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever was looked at before: there is one way to append."""
    set_clock(book.head().recorded_at + 41 * DAY)

    def write() -> None:
        with book.log.writing():
            pass

    with pytest.raises(ClockDoubted):
        write()


def test_a_clock_that_is_said_to_be_right_is_recorded_with_the_write(
    book: Book, write_facts: Callable[..., Path], set_clock: Set, read_rows: Callable[..., Any]
) -> None:
    """With the reason and both times; a clock that nobody doubts leaves no trace."""
    start = book.head().recorded_at
    assert recorded(book, write_facts, partner="P-0") == 1
    set_clock(later := start + 50 * DAY)
    book.log.clock_is_right = "the shop was closed for two months"
    assert recorded(book, write_facts) == 1
    batches = [row for row in read_rows(book) if row["topic"] == "batch-recorded.v1"]
    plain, batch = batches
    assert b"clock_is" not in plain["state"]
    said = json.loads(batch["state"])["clock_is_right"]
    assert said["reason"] == "the shop was closed for two months"
    assert said["clock"] == format_instant(later)
    assert parse_instant(said["head"]) >= start
    assert ("server" in said) is is_url(book.location)


def test_a_book_is_not_made_by_a_clock_that_its_server_doubts(
    location: str, set_clock: Set, tmp_path: Path
) -> None:
    """A file has no clock to compare with."""
    set_clock(microseconds_now() + 10 * MINUTE)
    if is_url(location):
        with pytest.raises(ClockDoubted, match="server"):
            init(location, "platform")
        book, _ = init(location, "platform", None, "the server's is being mended")
    else:
        book, _ = init(location, "platform")
    with book.reading() as connection:
        (state,) = connection.exec_driver_sql("SELECT state FROM events WHERE position = 1").one()
    assert (b"being mended" in bytes(state)) is is_url(location)
    book.close()


def test_what_says_that_it_was_recorded_later_than_now_is_named(
    book: Book, write_facts: Callable[..., Path], set_clock: Set
) -> None:
    """From which position on and how late; that check tells and does not fail."""
    now = microseconds_now()
    assert "no event is later" in verify_clock(book, now).detail
    position = book.head().position + 1
    set_clock(later := now + 365 * DAY)
    book.log.clock_is_right = "it is not"
    recorded(book, write_facts)
    check = verify_clock(book, now)
    assert check.ok
    assert f"2 events from position {position} on" in check.detail
    assert format_instant(later) in check.detail
    assert check.detail in book.notes[-1]


def test_every_command_that_writes_doubts_the_clock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A close made all the same says so on its statements, in JSON and in words; the balance of
    the seal is as ever."""
    from cli.main import run

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DUEBOOK_BOOK", "b.db")
    lines = "".join(json.dumps(one) + "\n" for one in held_quarter())
    Path("facts.ndjson").write_text(lines, encoding="utf-8")
    Path("more.ndjson").write_text(json.dumps(CERTIFIED) + "\n", encoding="utf-8")
    header = "order_id,store,created_at,amount,currency,traffic,channel,payment,category\n"
    order = "o1,S-1,2020-05-01T00:00:00Z,1.00,CNY,ad,other,online,x\n"
    Path("orders.csv").write_text(header + order, encoding="utf-8")
    Path("theirs.csv").write_text("line,amount,currency\n", encoding="utf-8")
    assert run(["init"]) == 0
    assert run(["record", "facts.ndjson"]) == 0
    assert run(["programs", PROGRAM, "--format", "toml", "-o", "mine.toml"]) == 0
    text = Path("mine.toml").read_text().replace('publisher = "duebook"', 'publisher = "acme"')
    Path("mine.toml").write_text(text)
    real = time.time_ns()
    monkeypatch.setattr(time, "time_ns", lambda: real + 100 * DAY * 1000)
    by = ("--by", "lin")
    close = ("close", PROGRAM, *by, "--leave-open", "--reason", "ratios come later")
    for words in (
        ("record", "more.ndjson"),
        ("orders", "orders.csv"),
        ("withdraw", "20", "--reason", "wrong", *by),
        ("publish", "mine.toml", *by),
        ("reconcile", PROGRAM, "--against", "theirs.csv", "--keep", *by),
        close,
    ):
        capsys.readouterr()
        assert run(list(words)) == 1, words
        assert "This machine's clock says" in capsys.readouterr().err, words
    assert run(["record", "more.ndjson", "--clock-is-right"]) == 2
    assert run(["record", "more.ndjson", "--reason", "x"]) == 2
    assert run([*close, "--clock-is-right"]) == 0
    monkeypatch.setattr(time, "time_ns", lambda: real + 200 * DAY * 1000)
    pay = ("pay", f"{PROGRAM}/partner:P-1", "--amount", "1.00", "--currency", "CNY")
    for words in ((*pay, "--ref", "r", *by), ("adjust", PROGRAM, *by)):
        capsys.readouterr()
        assert run(list(words)) == 1, words
        assert "This machine's clock says" in capsys.readouterr().err, words
    capsys.readouterr()
    assert run(["statement", PROGRAM, "--format", "json"]) == 0
    right = json.loads(capsys.readouterr().out)["seal"]["clock_is_right"]
    assert right["reason"] == "ratios come later"
    assert run(["statement", PROGRAM]) == 0
    assert "Closed by a clock that was doubted: it said " in capsys.readouterr().err
    assert run(["replay", PROGRAM]) == 0
    assert run(["verify"]) == 0


def test_terms_are_not_published_by_a_doubted_clock(book: Book, set_clock: Set) -> None:
    """Nor anything else that is appended."""
    from ledger.usecases.terms.editions import edition_at

    with book.reading() as connection:
        edition, _ = edition_at(connection, PROGRAM, book.head().position)
    set_clock(book.head().recorded_at - DAY)
    with pytest.raises(ClockDoubted):
        publish(book, edition.model_copy(update={"publisher": "acme"}), "lin")
