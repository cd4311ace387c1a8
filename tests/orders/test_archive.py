"""The archive: known orders, revisions, what counts, and a folder that survives everything."""

import datetime
import errno
import hashlib
import os
import resource
import signal
import subprocess
from collections.abc import Callable, Iterator
from itertools import permutations
from pathlib import Path
from random import Random
from typing import Any

import pytest

from ledger.kernel.instants import day_of, parse_instant
from ledger.kernel.orderlines import STAGED
from ledger.store.archive import keys
from ledger.store.archive.connection import connect
from ledger.store.archive.current import current
from ledger.store.archive.days import day_number
from ledger.store.archive.folder import TEMPORARY, ArchivedFile, check, path_of, publish
from ledger.store.archive.refusals import (
    ArchivedFileAltered,
    ArchivedFileMissing,
    ArchiveOutOfRoom,
    ArchiveUnwritable,
)
from ledger.store.archive.write import Written, write
from tests.marks import drawn

ZONE = "Asia/Shanghai"
DAY = 86_400_000_000
MAY = parse_instant("2026-05-01T00:00:00+08:00")


class Archive:
    """An archive with the log's part played by a list."""

    def __init__(self, duck: Any, folder: Path) -> None:
        self.duck, self.folder = duck, folder
        self.files: list[ArchivedFile] = []

    def add(self, *rows: tuple[Any, ...]) -> Written:
        """Rows of order_id, store, created_at, amount, category, refunded, updated_at."""
        self.duck.execute(
            "CREATE OR REPLACE TEMP TABLE incoming (source_file USMALLINT, source_row BIGINT,"
            " order_id VARCHAR, store VARCHAR, created_at BIGINT, amount_minor BIGINT,"
            " currency ENUM('CNY', 'EUR'), traffic VARCHAR, channel VARCHAR, payment VARCHAR,"
            " category VARCHAR, refunded_minor BIGINT, updated_at BIGINT, item VARCHAR,"
            " product VARCHAR, creator VARCHAR)"
        )
        if rows:
            whole = [
                (1, number, *row[:4], "CNY", "ad", "other", "cod", *row[4:], "", "", "")
                for number, row in enumerate(rows, start=2)
            ]
            self.duck.executemany(f"INSERT INTO incoming VALUES ({'?, ' * 15}?)", whole)
        written = write(self.duck, self.folder, "incoming", self.files)
        if file := written.file:
            bounds = (file.first, file.last)
            self.files.append(ArchivedFile(file.digest, file.revises, *bounds, file.columns))
        return written

    def counting(self, **limits: Any) -> list[tuple[Any, ...]]:
        """Order, store, created_at, amount, category, refunded, updated_at of what counts."""
        found: list[tuple[Any, ...]] = self.duck.execute(
            "SELECT order_id, store, created_at, amount_minor, category, refunded_minor,"
            f" updated_at FROM ({current(self.folder, self.files, **limits)}) ORDER BY ALL"
        ).fetchall()
        return found


@pytest.fixture
def archive(duck: Any, tmp_path: Path) -> Archive:
    """An empty one, in folders whose names must not be taken for columns."""
    return Archive(duck, tmp_path / "store=X" / "version=passed" / "book.orders")


def order(
    name: str, store: str = "S-1", at: int = MAY, amount: int = 1000, refunded: int = 0, by: int = 0
) -> tuple[Any, ...]:
    """A line, updated `by` microseconds after it was created."""
    return (name, store, at, amount, "beauty", refunded, at + by)


def test_a_new_file_is_named_by_its_bytes_and_answers_its_totals(archive: Archive) -> None:
    """For the event in the log."""
    written = archive.add(order("b", at=MAY + 5), order("a", at=MAY + 9, refunded=300))
    file = written.file
    assert file is not None
    path = path_of(archive.folder, file.digest)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == file.digest
    assert (file.rows, file.first, file.last, file.revises) == (2, MAY + 5, MAY + 9, False)
    assert file.totals == [("CNY", 2000, 300)]
    assert file.bytes == path.stat().st_size == check(archive.folder, file.digest)
    assert [one.name for one in archive.folder.glob("*.*")] == [path.name]


def test_lines_lie_by_store_instant_and_order_id(archive: Archive) -> None:
    """As readers of one store or one day want them."""
    rows = [("c", "S-2", 1), ("b", "S-1", 2), ("a", "S-1", 2), ("z", "S-1", 1), ("d", "S-10", 0)]
    file = archive.add(*(order(name, store, MAY + at) for name, store, at in rows)).file
    assert file is not None
    found = archive.duck.execute(
        f"SELECT order_id FROM '{path_of(archive.folder, file.digest)}'"
    ).fetchall()
    assert [name for (name,) in found] == ["z", "a", "b", "d", "c"]


def test_the_same_lines_again_are_known_and_write_nothing(archive: Archive) -> None:
    """No file, no changes."""
    rows = [order("a"), order("b", amount=5)]
    archive.add(*rows)
    again = archive.add(*rows)
    assert (again.file, again.known, again.revised, again.known_in) == (None, 2, 0, (1,))
    assert len(list(archive.folder.glob("*.*"))) == 1


def test_the_same_order_id_in_another_store_is_another_order(archive: Archive) -> None:
    """Platforms number per store."""
    archive.add(order("a", "S-1"))
    written = archive.add(order("a", "S-2"))
    assert (written.known, written.revised) == (0, 0)
    assert len(archive.counting()) == 2


def test_a_revision_counts_on_its_own_day(archive: Archive) -> None:
    """Here its creation was corrected from the 1st to the 3rd."""
    archive.add(order("a"), order("b"))
    written = archive.add(order("a", at=MAY + 2 * DAY, refunded=400, by=7))
    assert written.file is not None
    assert (written.known, written.revised, written.file.revises) == (0, 1, True)
    assert [row[0] for row in archive.counting()] == ["a", "b"]
    assert [row[0] for row in archive.counting(until=MAY + DAY)] == ["b"]


def test_an_older_state_that_arrives_late_is_kept_and_does_not_count(archive: Archive) -> None:
    """It is a revision all the same."""
    archive.add(order("a", refunded=500, by=9))
    written = archive.add(order("a", refunded=100, by=5))
    assert written.revised == 1
    assert archive.counting() == [order("a", refunded=500, by=9)]
    assert archive.add(order("a", refunded=100, by=5)).known == 1


@pytest.mark.parametrize("arrival", drawn(permutations(range(4)), 4))
def test_the_order_in_which_versions_arrive_changes_no_as_of(
    archive: Archive, arrival: tuple[int, ...]
) -> None:
    """Whatever comes first, at every instant the version counts that was the last by then."""
    versions = [
        order("a", refunded=100, by=1),
        order("a", at=MAY + DAY, refunded=0, by=2),
        order("a", at=MAY + DAY, refunded=700, by=3),
        order("a", amount=5, by=2 * DAY),
    ]
    for number in arrival:
        archive.add(versions[number])
    versions.sort(key=lambda one: one[6])
    for version in versions:
        assert archive.counting(as_of=version[6]) == [version], arrival
    assert archive.counting(marked=False) == [versions[-1]]


def test_of_equal_updates_the_later_archived_counts(archive: Archive) -> None:
    """Two of one call are refused where they come in."""
    archive.add(order("a", amount=1))
    archive.add(order("a", amount=2))
    assert archive.counting() == [order("a", amount=2)]


def test_what_an_earlier_position_knew_can_be_read_again(archive: Archive) -> None:
    """With the files up to there."""
    archive.add(order("a"))
    archive.add(order("a", refunded=1, by=1))
    sql = current(archive.folder, archive.files[:1])
    assert archive.duck.execute(f"SELECT refunded_minor FROM ({sql})").fetchall() == [(0,)]


@pytest.mark.parametrize("seed", drawn(range(12), 3))
@pytest.mark.parametrize("at_a_time", [None, (7, 3), (5, 1)])
def test_any_history_agrees_with_a_plain_model(
    archive: Archive, seed: int, at_a_time: tuple[int, int] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Random orders, states and files: what counts, what is known, and in which file. Also where
    keys are looked for by a few at a time, and their versions compared in parts."""
    if at_a_time:
        monkeypatch.setattr("ledger.store.archive.known.KEYS_MAX", at_a_time[0])
        monkeypatch.setattr("ledger.store.archive.known.SUSPECTS_MAX", at_a_time[1])
    random = Random(seed)
    files: dict[tuple[Any, ...], int] = {}
    versions: dict[tuple[str, str], list[tuple[Any, ...]]] = {}
    for _ in range(5):
        rows = []
        for _ in range(random.choice([0, 5, 60])):
            at = MAY + random.choice([0, 1, 2]) * DAY
            name, store = random.choice("abcdefgh"), random.choice(["S-1", "S-2"])
            row = order(name, store, at, refunded=random.choice([0, 1]), by=random.choice([0, DAY]))
            if not any((row[0], row[1], row[6]) == (one[0], one[1], one[6]) for one in rows):
                rows.append(row)
        written = archive.add(*rows)
        known = revised = 0
        for row in rows:
            held = versions.setdefault((row[1], row[0]), [])
            known += row in held
            revised += row not in held and bool(held)
            if row not in held:
                held.append(row)
        assert (written.known, written.revised) == (known, revised)
        assert written.known_in == tuple(sorted({files[row] for row in rows if row in files}))
        files |= {row: len(archive.files) for row in rows if row not in files}
    # Of equal updates the last one has to win, and max() keeps the first.
    winners = [max(reversed(held), key=lambda row: row[6]) for held in versions.values()]
    assert archive.counting() == sorted(winners)
    for since, until, stores in [(MAY + DAY, None, None), (None, MAY + DAY, ["S-2"])]:
        assert archive.counting(since=since, until=until, stores=stores) == sorted(
            row
            for row in winners
            if (since is None or row[2] >= since)
            and (until is None or row[2] < until)
            and (stores is None or row[1] in stores)
        )
    assert archive.counting(marked=False) == sorted(winners)


def test_keys_of_another_scheme_are_not_trusted(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after an upgrade of DuckDB that hashes otherwise."""
    with monkeypatch.context() as patch:
        other = "(hash(order_id, 'other') >> 1)::BIGINT"
        patch.setattr("ledger.store.archive.known.KEY_HASH", other)
        patch.setattr("ledger.store.archive.write.scheme", lambda connection: "another")
        archive.add(order("a"))
    assert archive.add(order("a")).known == 1
    assert keys.scheme(archive.duck) != "another"


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Europe/Berlin", "America/New_York", "UTC"])
def test_days_are_those_of_the_zone(duck: Any, zone: str) -> None:
    """Also over changes of the clocks, and before 1970."""
    first, last = parse_instant("1965-01-01T00:00:00Z"), parse_instant("2027-01-01T00:00:00Z")
    random = Random(1)
    instants = [first, last, *(random.randint(first, last) for _ in range(3000))]
    sql = f"SELECT i, {day_number('i', first, last, zone)} FROM (SELECT unnest(?::BIGINT[]) AS i)"
    for instant, number in duck.execute(sql, [instants]).fetchall():
        day = datetime.date(1970, 1, 1) + datetime.timedelta(days=number)
        assert day == day_of(instant, zone)


def test_an_altered_or_missing_file_is_named(archive: Archive) -> None:
    """By `check`; a missing one also by reading and writing."""
    file = archive.add(order("a")).file
    assert file is not None
    path = path_of(archive.folder, file.digest)
    path.chmod(0o644)
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)
    with pytest.raises(ArchivedFileAltered, match=file.digest):
        check(archive.folder, file.digest)
    path.unlink()
    for act in (
        lambda: check(archive.folder, file.digest),
        archive.counting,
        lambda: archive.add(order("b")),
    ):
        with pytest.raises(ArchivedFileMissing, match=file.digest):
            act()


def test_what_a_crash_left_is_passed_over_and_removed(archive: Archive) -> None:
    """A half-written file has a name that is no digest."""
    archive.add(order("a"))
    left = archive.folder / f"0123{TEMPORARY}"
    left.write_bytes(b"PAR1 half")
    assert len(archive.counting()) == 1
    archive.add(order("b"))
    assert not left.exists()


def test_a_crash_before_the_renaming_leaves_the_archive_as_it_was(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process dies between writing and renaming."""
    archive.add(order("a"))
    before = sorted(archive.folder.glob("*.*"))
    child = os.fork()
    if not child:  # no threads of DuckDB may be used here: only the last steps are played
        (archive.folder / f"dead{TEMPORARY}").write_bytes(b"PAR1 whole, not renamed")
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    assert len(archive.counting()) == 1
    assert archive.add(order("a")).file is None
    archive.add(order("b"))
    assert set(before) < set(archive.folder.glob("*.*"))
    assert not list(archive.folder.glob(f"*{TEMPORARY}"))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[], Path]]:
    """A file system of 1 MiB where root may mount one, else a limit of 100 kB on every file."""
    mount = tmp_path / "small"
    mount.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(mount)]
    mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill() -> Path:
        if not mounted:
            resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
        return mount

    yield fill
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    if mounted:
        subprocess.run(["umount", str(mount)], check=True)


def test_a_full_disk_is_a_refusal_and_leaves_the_folder_as_it_was(
    duck: Any, small_disk: Callable[[], Path]
) -> None:
    """No temporary file stays, and what was there is whole."""
    folder = small_disk()
    archive = Archive(duck, folder)
    archive.add(order("a"))
    duck.execute(
        "CREATE TEMP TABLE many AS SELECT 1::USMALLINT AS source_file, i AS source_row,"
        " md5(i::VARCHAR) AS order_id, 'S-1' AS store, i AS created_at, i AS amount_minor,"
        " 'CNY' AS currency, 'ad' AS traffic, 'other' AS channel, 'cod' AS payment,"
        " 'x' AS category, 0::BIGINT AS refunded_minor, i AS updated_at, '' AS item,"
        " '' AS product, '' AS creator FROM range(200000) t(i)"
    )
    before = {path.name: path.read_bytes() for path in folder.glob("*.*")}
    with pytest.raises(ArchiveUnwritable) as found:
        write(duck, folder, "many", archive.files)
    assert found.value.hint
    assert {path.name: path.read_bytes() for path in folder.glob("*.*")} == before
    assert len(archive.counting()) == 1


def test_temporary_files_without_room_are_not_taken_for_the_archive(
    small_disk: Callable[[], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a call so large that its known orders are compared in parts."""
    monkeypatch.setattr("ledger.store.archive.known.KEYS_MAX", 30_000)
    monkeypatch.setattr("ledger.store.archive.known.SUSPECTS_MAX", 3_000)
    spill, duck = small_disk() / "spill", connect(tmp_path / "spill")
    archive = Archive(duck, tmp_path / "orders")
    duck.execute(
        "CREATE TEMP TABLE many AS SELECT 1::USMALLINT AS source_file, i AS source_row,"
        " md5(i::VARCHAR) AS order_id, 'S-1' AS store, i AS created_at, i AS amount_minor,"
        " 'CNY'::ENUM('CNY', 'EUR') AS currency, 'ad' AS traffic, 'other' AS channel,"
        " 'cod' AS payment, md5('c' || i) AS category, 0::BIGINT AS refunded_minor,"
        " i AS updated_at, '' AS item, '' AS product, '' AS creator FROM range(60000) t(i)"
    )
    file = write(duck, archive.folder, "many", []).file
    assert file is not None
    archive.files.append(
        ArchivedFile(file.digest, file.revises, file.first, file.last, file.columns)
    )
    duck.execute(f"SET temp_directory = '{spill}'")
    with pytest.raises(ArchiveOutOfRoom, match="Temporary files cannot be written") as refused:
        write(duck, archive.folder, "many", archive.files)
    assert "{" not in refused.value.sentence
    assert not [path for path in spill.rglob("*") if path.is_file()]
    assert len(list(archive.folder.glob("*.parquet"))) == 1
    duck.execute(f"SET temp_directory = '{tmp_path / 'spill'}'")
    assert write(duck, archive.folder, "many", archive.files).known == 60_000
    duck.close()


def test_an_empty_archive_has_the_columns_of_a_line(archive: Archive) -> None:
    """Rules need not ask whether there is a file."""
    relation = archive.duck.sql(current(archive.folder, []))
    assert relation.columns == ["file", *STAGED]
    assert relation.fetchall() == []
    archive.add(order("a"))
    assert archive.duck.sql(current(archive.folder, archive.files)).columns == relation.columns
    assert archive.counting(stores=[]) == []


def test_a_disk_that_fills_up_while_syncing_leaves_no_temporary_file(tmp_path: Path) -> None:
    """The bytes were taken, and could not be kept."""

    def produce(path: Path) -> None:
        path.write_bytes(b"PAR1")
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(ArchiveUnwritable):
        publish(tmp_path, produce)
    assert list(tmp_path.iterdir()) == []
