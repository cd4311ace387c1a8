"""Parquet that came in is read by a process of its own: a damaged file ends no other."""

import datetime as d
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars
import pytest

from ledger.intake.tables import parquet_copy
from ledger.intake.tables.own_process import run_reader
from ledger.intake.tables.parquet_copy import NotParquet, copied
from ledger.store.book import Book
from tests.fees import Fees, onboarded

MIDNIGHT = d.datetime(2020, 5, 1)
ENDED = "tests.intake.ended_by_a_signal"


def of_all_types(path: Path) -> Path:
    """A file with a column of every type that others write, and a blank in each."""
    typed: dict[str, tuple[list[Any], Any]] = {
        "text": (["a", "ü"], polars.String),
        "category": (["x", "y"], polars.Categorical),
        "small": ([1, -2], polars.Int8),
        "large": ([1, 2**64 - 1], polars.UInt64),
        "double": ([1.5, 2.25], polars.Float64),
        "decimal": ([Decimal("1.20"), Decimal("3.00")], polars.Decimal(18, 2)),
        "long decimal": ([Decimal("1.2"), Decimal("-3")], polars.Decimal(38, 4)),
        "date": ([d.date(2020, 1, 1), d.date(1969, 2, 2)], polars.Date),
        "ns": ([MIDNIGHT, MIDNIGHT], polars.Datetime("ns")),
        "us": ([MIDNIGHT, MIDNIGHT], polars.Datetime("us")),
        "ms": ([MIDNIGHT, MIDNIGHT], polars.Datetime("ms")),
        "zoned": ([MIDNIGHT, MIDNIGHT], polars.Datetime("us", "UTC")),
        "zoned ns": ([MIDNIGHT, MIDNIGHT], polars.Datetime("ns", "UTC")),
        "list": ([[1], [2, 3]], polars.List(polars.Int64)),
        "bytes": ([b"a", b"\xff"], polars.Binary),
        "time": ([d.time(1, 2, 3), d.time(3)], polars.Time),
        "truth": ([True, False], polars.Boolean),
        "struct": ([{"a": 1}, {"a": 2}], polars.Struct({"a": polars.Int64})),
    }
    series = [polars.Series(name, [*two, None], dtype=kind) for name, (two, kind) in typed.items()]
    polars.DataFrame(series).write_parquet(path)
    return path


def test_a_copy_has_the_types_and_rows_of_the_file_in_its_order(tmp_path: Path) -> None:
    import duckdb

    given = of_all_types(tmp_path / "given[1]*.parquet")
    link = tmp_path / "plain"
    link.symlink_to(given)
    copy = copied(given, tmp_path / "work")
    for sql in ("DESCRIBE SELECT * FROM read_parquet(?)", "SELECT * FROM read_parquet(?)"):
        asked = [duckdb.execute(sql, [str(path)]).fetchall() for path in (link, copy)]
        assert asked[0] == asked[1]
        assert len(asked[0]) in (18, 3)


def test_what_is_no_parquet_is_refused_in_words(tmp_path: Path) -> None:
    for name, content in (("cut", b"PAR1" + bytes(40)), ("text", b"a,b\n1,2\n")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(NotParquet, match="it is cut off or damaged"):
            copied(tmp_path / name, tmp_path / "work")


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever reads Parquet is ended by the library, as by memory that is not there."""

    def run(module: str, words: list[str], **streams: Any) -> Any:
        return run_reader(ENDED, words, **streams)

    monkeypatch.setattr(parquet_copy, "run_reader", run)


@pytest.mark.usefixtures("ended")
@pytest.mark.parametrize(
    "words", [["orders", "o.parquet"], ["record", "o.parquet"], ["files", "o.parquet"]]
)
def test_a_file_that_ends_its_reader_is_refused_and_nothing_is_recorded(
    words: list[str],
    book: Book,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from cli.main import run

    monkeypatch.chdir(tmp_path)
    of_all_types(Path("o.parquet"))
    Fees(book, tmp_path).tell(onboarded("S-1"))
    head = book.head()
    assert run([*words, *(["--book", book.location] if words[0] != "files" else [])]) == 1
    said = capsys.readouterr().err
    assert "o.parquet is not a complete Parquet file: its reader gave up over a damaged" in said
    assert book.head() == head
