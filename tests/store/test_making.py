"""A book is made whole or not at all; what stopped commands left is swept by the next one."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ledger.kernel.errors import BookExists, BookMissing, ForeignBook
from ledger.store import scratch
from ledger.store.book import Book, is_url, open_book
from ledger.store.receipts import kept_receipts
from ledger.store.scratch import Scratch
from ledger.usecases import init as making
from ledger.usecases.init import Demo, init
from ledger.usecases.recording.record import record
from ledger.usecases.verifying.verify import verify
from tests.marks import examples
from tests.quarter import on_sqlite

DUEBOOK = Path(sys.executable).parent / "duebook"
DEMO_EVENTS = 1662


class StoppedError(Exception):
    """What stands for a machine that stops."""


def test_a_making_that_stops_leaves_nothing_and_can_be_repeated(
    location: str, now: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Also in the middle of the shipped example: it is one act with the book itself."""

    def stop(*given: object, **options: object) -> None:
        raise StoppedError

    with monkeypatch.context() as patch:
        patch.setattr(making, "record_first", stop)
        with pytest.raises(StoppedError):
            init(location, "platform", demo=Demo(now))
    with pytest.raises(ForeignBook if is_url(location) else BookMissing):
        open_book(location)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
    book, answer = init(location, "platform", demo=Demo(now))
    assert (answer["position"], book.head().position) == (DEMO_EVENTS, DEMO_EVENTS)
    assert answer["receipt"] == book.head().receipt
    assert all(check.ok for check in verify(book, [], lambda what, more: None))
    book.close()


@examples(3, 20)
def test_an_init_that_is_killed_made_all_of_the_demo_or_nothing(
    tmp_path: Path, examples: int
) -> None:
    """It can be repeated at once, and leaves nothing beside the book."""
    for number in range(examples):
        place = tmp_path / f"{number}.db"
        command = [DUEBOOK, "init", "--demo", "--book", str(place)]
        started = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(0.4 + 0.9 * number / examples)
        started.send_signal(signal.SIGKILL)
        started.wait()
        if not place.exists():
            assert subprocess.run(command, capture_output=True, check=False).returncode == 0
        book = open_book(str(place))
        assert book.head().position == DEMO_EVENTS
        book.close()
        scratch.sweep(tmp_path)
    left = [path.name for path in tmp_path.iterdir() if path.suffix not in (".db", ".receipts")]
    assert left == []


def _hot_journal(path: Path) -> None:
    """A file in which a first transaction was cut off, with the journal to take it back."""
    connection = sqlite3.connect(path.with_suffix(".live"), isolation_level=None)
    connection.execute("PRAGMA journal_mode = delete")
    connection.execute("PRAGMA user_version = 1")
    connection.execute("PRAGMA cache_size = 1")
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("CREATE TABLE t (a)")
    connection.execute("INSERT INTO t SELECT randomblob(9000)")
    connection.execute("INSERT INTO t SELECT randomblob(9000)")
    shutil.copy(path.with_suffix(".live"), path)
    shutil.copy(f"{path.with_suffix('.live')}-journal", f"{path}-journal")
    connection.execute("ROLLBACK")
    connection.close()
    path.with_suffix(".live").unlink()


@pytest.mark.parametrize("mode", [0o644, 0o444])
def test_a_blank_file_with_a_journal_of_an_older_init_is_made_a_book(
    tmp_path: Path, mode: int
) -> None:
    """Nothing was ever made there; what was begun is taken back, and no side file stays."""
    path = tmp_path / "b.db"
    _hot_journal(path)
    path.chmod(mode)
    assert Path(f"{path}-journal").stat().st_size
    book, _ = init(str(path), "platform")
    assert not Path(f"{path}-journal").exists()
    assert all(check.ok for check in verify(book, [], lambda what, more: None))
    book.close()
    reopened = open_book(str(path))
    assert reopened.head().position > 1
    reopened.close()


def test_a_book_with_a_journal_to_take_back_is_opened(tmp_path: Path) -> None:
    """As SQLite itself would, for whoever may write."""
    path = tmp_path / "b.db"
    made, _ = init(str(path), "platform")
    head = made.head()
    made.close()
    live = tmp_path / "live.db"
    shutil.copy(path, live)
    connection = sqlite3.connect(live, isolation_level=None)
    connection.execute("PRAGMA journal_mode = delete")
    connection.execute("PRAGMA cache_size = 1")
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("CREATE TABLE t (a)")
    connection.execute("INSERT INTO t SELECT randomblob(9000) FROM events")
    shutil.copy(live, path)
    shutil.copy(f"{live}-journal", f"{path}-journal")
    connection.close()
    book = open_book(str(path))
    assert book.head() == head
    book.close()


@pytest.mark.parametrize("suffix", ["-wal", "-journal", ".receipts"])
def test_what_an_earlier_book_left_at_a_place_is_not_taken_for_the_new_ones(
    tmp_path: Path, suffix: str
) -> None:
    """Somebody may have moved the file away without what belongs to it: it is not thrown away."""
    left = tmp_path / f"b.db{suffix}"
    left.write_bytes(b"of before")
    with pytest.raises(BookExists, match="was at this place before"):
        init(str(tmp_path / "b.db"), "platform")
    assert left.read_bytes() == b"of before"
    assert not (tmp_path / "b.db").exists()


def test_receipts_lie_beside_the_file_whatever_link_leads_to_it(
    tmp_path: Path, now: int, write_facts: Callable[..., Path]
) -> None:
    """A tail that was cut is noticed by either name; those of an older version are read too."""
    real, link = tmp_path / "real.db", tmp_path / "sub" / "link.db"
    link.parent.mkdir()
    init(str(real), "platform")[0].close()
    link.symlink_to(real)
    fact = {"type": "PartnerCertified", "at": "2026-02-01T08:00:00Z", "partner": "P-1"}
    by_link = open_book(str(link))
    assert record(by_link, [str(write_facts([fact]))], now=now, by="test").recorded == 1
    assert not Path(f"{link}.receipts").exists()
    by_name = open_book(str(real))
    assert [one.position for one in kept_receipts(by_name)][-1] == by_name.head().position
    shutil.move(f"{real}.receipts", f"{link}.receipts")
    assert len(kept_receipts(by_link)) == 2
    by_link.close()
    by_name.close()


def test_a_dangling_link_is_where_the_book_is_made(tmp_path: Path) -> None:
    """Its file and what belongs to it lie where the link leads."""
    (tmp_path / "there").mkdir()
    link = tmp_path / "link.db"
    link.symlink_to(tmp_path / "there" / "real.db")
    init(str(link), "platform")[0].close()
    assert link.is_symlink()
    assert sorted(path.name for path in (tmp_path / "there").iterdir()) == [
        *("real.db", "real.db.receipts"),
    ]


def test_only_dead_folders_are_swept(tmp_path: Path) -> None:
    """Whoever works in one holds a lock; names that are not ours are never touched."""
    dead, other = tmp_path / f"duebook-{'0' * 32}.work", tmp_path / "duebook-mine"
    for folder in (dead, other):
        folder.mkdir()
        (folder / "file").touch()
    with Scratch(tmp_path) as living:
        (living / "file").touch()
        scratch.sweep(tmp_path)
        assert (living / "file").exists()
        assert os.stat(living).st_mode & 0o077 == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["duebook-mine"]


@on_sqlite
def test_a_command_sweeps_what_killed_ones_left(book: Book, tmp_path: Path) -> None:
    """Beside the book, of which one on a server has no folder, and among temporary files."""
    import tempfile

    name = f"duebook-{'1' * 32}.work"
    places = [tmp_path / f".{name}", Path(tempfile.gettempdir()) / name]
    for folder in places:
        folder.mkdir()
    command = [DUEBOOK, "programs", "--book", book.location]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    assert not any(folder.exists() for folder in places)
