"""Order files to checked rows: what is taken, what is rejected by row, what is refused whole."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger.intake.orders import reading as module
from ledger.intake.orders.refusals import (
    DoubledColumn,
    EmptyOrderFile,
    MissingColumn,
    OrderFileNotText,
    OrderFileUnreadable,
    UnknownColumn,
    WrongColumnType,
)
from ledger.intake.problems import BadPlatformFile
from ledger.intake.unchanged_file import FileChanged
from ledger.kernel.instants import parse_instant
from tests.marks import more

HEADER = "order_id,store,created_at,amount,currency,traffic,channel,payment,category"
GOOD = "O-1,S-1,2026-05-01T10:00:00+08:00,10.00,CNY,ad,other,online,beauty"


def test_a_good_row_becomes_minor_units_and_instants(
    csv_of: Any, reading: Any, rows_of: Any
) -> None:
    """Refunded and updated_at have defaults."""
    at = parse_instant("2026-05-01T02:00:00Z")
    (row,) = rows_of(reading(csv_of({"amount": "12.34", "refunded": ""})))
    good = (1, 2, "O-1", "S-1", at, 1234, "CNY", "ad", "other", "online", "beauty", 0, at)
    assert row == (*good, "", "", "", False)


def test_currencies_keep_their_own_exponents(csv_of: Any, reading: Any, rows_of: Any) -> None:
    """One file may mix them; 12 CNY is 12.00."""
    amounts = [("12", "CNY"), ("1200", "JPY"), ("1.5", "KWD"), ("0.0001", "CLF"), ("0.5", "USD")]
    path = csv_of(*({"amount": a, "currency": c} for a, c in amounts))
    assert [row[5] for row in rows_of(reading(path))] == [1200, 1200, 1500, 1, 50]


def test_zones_may_differ_from_row_to_row(csv_of: Any, reading: Any, rows_of: Any) -> None:
    """Each row has one."""
    times = ["2026-05-01T10:00:00+08:00", "2026-05-01T02:00:00Z", "2026-05-01T07:30:00.5+05:30"]
    rows = rows_of(reading(csv_of(*({"created_at": time} for time in times))))
    first = parse_instant(times[0])
    assert [row[4] for row in rows] == [first, first, first + 500_000]


@pytest.mark.parametrize(
    ("change", "code", "column"),
    [
        ({"order_id": ""}, "missing_field", "order_id"),
        ({"order_id": "a b"}, "invalid_field", "order_id"),
        ({"order_id": "x" * 65}, "invalid_field", "order_id"),
        ({"store": "S/1"}, "invalid_field", "store"),
        ({"created_at": "2026-05-01T10:00:00"}, "no_zone", "created_at"),
        ({"created_at": "01.05.2026"}, "invalid_field", "created_at"),
        ({"created_at": "2026-06-02T10:00:00Z"}, "in_future", "created_at"),
        ({"updated_at": "2026-06-02T10:00:00Z"}, "in_future", "updated_at"),
        ({"amount": "10.001"}, "bad_amount", "amount"),
        ({"amount": "1e1"}, "bad_amount", "amount"),
        ({"amount": "-1.00"}, "bad_amount", "amount"),
        ({"amount": "1234567890123456789"}, "bad_amount", "amount"),
        ({"amount": "10.5", "currency": "JPY"}, "bad_amount", "amount"),
        ({"currency": "cny"}, "unknown_currency", "currency"),
        ({"currency": "USD.AD"}, "unknown_currency", "currency"),
        ({"refunded": "10.01"}, "bad_refund", "refunded"),
        ({"refunded": "-0.01"}, "bad_amount", "refunded"),
        ({"traffic": "ads"}, "invalid_field", "traffic"),
        ({"channel": "Other"}, "invalid_field", "channel"),
        ({"payment": "card"}, "invalid_field", "payment"),
        ({"category": "c" * 101}, "invalid_field", "category"),
    ],
)
def test_a_bad_row_is_named_and_the_others_are_kept(
    csv_of: Any, reading: Any, rows_of: Any, change: dict[str, str], code: str, column: str
) -> None:
    """File, row, what was found and expected, and a hint."""
    checked = reading(csv_of({}, change, {"order_id": "O-3"}))
    (one,) = checked.rejections
    assert (one.row, one.code, one.column) == (3, code, column)
    assert one.file.endswith("orders.csv")
    assert one.expected
    assert one.hint
    assert one.found == (next(iter(change.values())) or None) or column == "amount"
    assert (checked.rows, checked.rejected) == (2, 1)
    assert [row[1] for row in rows_of(checked)] == [2, 4]


@more
def test_a_wrong_type_in_row_700000_is_named(tmp_path: Path, reading: Any) -> None:
    """The row is found among many, by the line that an editor shows."""
    path = tmp_path / "many.csv"
    with path.open("w") as stream:
        stream.write(HEADER + "\n")
        for line in range(2, 700_101):
            amount = "ten" if line == 700_000 else "10.00"
            stream.write(GOOD.replace("O-1", f"O-{line}").replace("10.00", amount) + "\n")
    checked = reading(path)
    assert [(one.row, one.found) for one in checked.rejections] == [(700_000, "ten")]
    assert checked.rows == 700_098


def test_only_the_first_rejections_are_explained_and_all_are_counted(
    csv_of: Any, reading: Any
) -> None:
    """Over all files together."""
    bad = [{"amount": "x"}] * 5
    files = [csv_of(*bad, name="a.csv"), csv_of(*bad, name="b.csv")]
    checked = reading(*files, keep=7)
    assert checked.rejected == 10
    assert [one.row for one in checked.rejections] == [2, 3, 4, 5, 6, 2, 3]
    assert [file.rejected for file in checked.files] == [5, 5]


def test_lines_are_counted_through_quoted_line_ends_and_empty_lines(
    tmp_path: Path, reading: Any
) -> None:
    """The line is the one on which the row ends."""
    path = tmp_path / "a.csv"
    quoted = GOOD.replace("beauty", '"be\nauty"')
    path.write_text(f"\n{HEADER}\n{GOOD}\n\n{quoted}\n{GOOD.replace('CNY', 'XXX')}\n")
    assert [(one.row, one.code) for one in reading(path).rejections] == [
        (6, "invalid_field"),
        (7, "unknown_currency"),
    ]


def test_rows_with_other_cells_are_rejected_and_do_not_shift_the_others(
    tmp_path: Path, reading: Any
) -> None:
    """The last one may be cut off because the file is still being written."""
    path = tmp_path / "a.csv"
    rows = [GOOD + ",more", GOOD, GOOD.replace("10.00", "x"), "O-9,S-1,2026-05"]
    path.write_text("\n".join([HEADER, *rows]))
    checked = reading(path)
    assert [(one.row, one.code) for one in checked.rejections] == [
        (2, "wrong_cells"),
        (4, "bad_amount"),
        (5, "wrong_cells"),
    ]
    assert "still being written" in checked.rejections[-1].hint
    assert (checked.rows, checked.rejected) == (1, 3)


def test_a_byte_order_mark_and_windows_line_ends_change_nothing(
    tmp_path: Path, reading: Any, rows_of: Any
) -> None:
    """Excel writes them."""
    path = tmp_path / "a.csv"
    path.write_bytes(b"\xef\xbb\xbf" + f"{HEADER}\r\n{GOOD}\r\n".encode())
    assert len(rows_of(reading(path))) == 1


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        (b"", EmptyOrderFile),
        (b"\n\n", EmptyOrderFile),
        (f"{HEADER}\n{GOOD}\n".replace("beauty", "sch\u00f6n").encode("latin-1"), OrderFileNotText),
        (b"PK\x03\x04 workbook", BadPlatformFile),
        (b"PAR1 cut off in the middle", OrderFileUnreadable),
        (f"{HEADER.replace('category', 'categry')}\n{GOOD}\n".encode(), UnknownColumn),
        (f"{HEADER}\n{GOOD}\n".replace(",category", "").encode(), MissingColumn),
        (f"{HEADER},Category\n{GOOD},x\n".encode(), DoubledColumn),
        (f"{HEADER}\n{GOOD}\n".replace(",", ";").encode(), MissingColumn),
    ],
)
def test_a_file_that_cannot_be_trusted_is_refused_by_name(
    tmp_path: Path, reading: Any, content: bytes, refusal: type[Exception]
) -> None:
    """With what to do."""
    path = tmp_path / "orders.csv"
    path.write_bytes(content)
    with pytest.raises(refusal) as found:
        reading(path)
    assert str(path) in str(found.value)
    assert found.value.hint  # type: ignore[attr-defined]


def test_an_unknown_header_is_answered_with_the_nearest_known_one(
    tmp_path: Path, reading: Any
) -> None:
    """In the hint and as a fact."""
    path = tmp_path / "a.csv"
    path.write_text(f"{HEADER.replace('currency', 'curency')}\n{GOOD}\n")
    with pytest.raises(UnknownColumn) as found:
        reading(path)
    assert found.value.facts["nearest"] == "currency"
    assert "currency" in found.value.hint


def test_a_file_that_changes_while_it_is_read_is_refused(
    csv_of: Any, reading: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody appends a row between the first look and the last."""
    path = csv_of({})
    stage = module.stage

    def meanwhile(*args: Any) -> int:
        rows = stage(*args)
        with path.open("a") as stream:
            stream.write(GOOD + "\n")
        return rows

    monkeypatch.setattr(module, "stage", meanwhile)
    with pytest.raises(FileChanged):
        reading(path)


def test_the_digest_of_each_file_is_that_of_its_bytes(csv_of: Any, reading: Any) -> None:
    """As `sha256sum` says."""
    import hashlib

    path = csv_of({})
    (file,) = reading(path).files
    assert file.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert file.bytes == path.stat().st_size


def test_ids_of_any_script_are_kept_in_one_way_to_write_them(
    csv_of: Any, reading: Any, rows_of: Any
) -> None:
    """Composed and decomposed letters are one id; blanks around it are none of it."""
    (one, two) = rows_of(reading(csv_of({"store": "Cafe\u0301-店"}, {"store": " Caf\u00e9-店 "})))
    assert one[3] == two[3] == "Caf\u00e9-店"


def _parquet(duck: Any, path: Path, columns: str) -> Path:
    duck.execute(
        f"COPY (SELECT 'O-' || i AS order_id, 'S-1' AS store, {columns}, 'ad' AS traffic,"
        " 'other' AS channel, 'cod' AS payment, 'x' AS category FROM range(3) AS t(i))"
        f" TO '{path}' (FORMAT parquet)"
    )
    return path


def test_parquet_takes_decimals_and_instants_as_they_are(
    tmp_path: Path, duck: Any, reading: Any, rows_of: Any
) -> None:
    """The decimals of the column are not those of the amount: 1200.00 JPY is whole yen."""
    columns = (
        "TIMESTAMPTZ '2026-05-01 10:00:00+08' AS created_at,"
        " ((i + 12) * 100)::DECIMAL(12,2) AS amount, 'JPY' AS currency"
    )
    rows = rows_of(reading(_parquet(duck, tmp_path / "o[1].parquet", columns)))
    assert [(row[1], row[5]) for row in rows] == [(1, 1200), (2, 1300), (3, 1400)]
    assert rows[0][4] == parse_instant("2026-05-01T02:00:00Z")


def test_a_bad_row_of_parquet_is_named_by_its_number(
    tmp_path: Path, duck: Any, reading: Any
) -> None:
    """Counted from 1."""
    columns = (
        "CASE i WHEN 1 THEN TIMESTAMPTZ '2027-01-01 00:00:00Z' ELSE"
        " TIMESTAMPTZ '2026-05-01 00:00:00Z' END AS created_at, '1' AS amount, 'JPY' AS currency"
    )
    checked = reading(_parquet(duck, tmp_path / "a.parquet", columns))
    assert [(one.row, one.code) for one in checked.rejections] == [(2, "in_future")]


@pytest.mark.parametrize(
    "columns",
    [
        "TIMESTAMP '2026-05-01 10:00:00' AS created_at, '1' AS amount, 'JPY' AS currency",
        "'2026-05-01T10:00:00Z' AS created_at, 1.5::DOUBLE AS amount, 'CNY' AS currency",
    ],
)
def test_parquet_columns_that_lost_their_zone_or_cents_are_refused(
    tmp_path: Path, duck: Any, reading: Any, columns: str
) -> None:
    """Not guessed."""
    with pytest.raises(WrongColumnType):
        reading(_parquet(duck, tmp_path / "a.parquet", columns))


def test_a_parquet_file_that_is_cut_off_is_refused(tmp_path: Path, duck: Any, reading: Any) -> None:
    """As a broken download leaves it, at any place."""
    columns = "'2026-05-01T10:00:00Z' AS created_at, '1' AS amount, 'JPY' AS currency"
    path = _parquet(duck, tmp_path / "a.parquet", columns)
    for size in (path.stat().st_size - 10, 40):
        os.truncate(path, size)
        with pytest.raises(OrderFileUnreadable):
            reading(path)


def test_rows_are_numbered_in_the_order_of_the_file(
    tmp_path: Path, reading: Any, duck: Any
) -> None:
    """However many threads read it."""
    path = tmp_path / "many.csv"
    rows: Callable[[int], str] = lambda i: GOOD.replace("O-1", f"O-{i}")  # noqa: E731
    path.write_text("\n".join([HEADER, *map(rows, range(2, 400_000))]) + "\n")
    checked = reading(path)
    (wrong,) = duck.execute(
        f"SELECT count(*) FROM {checked.relation} WHERE order_id <> 'O-' || source_row"
    ).fetchone()
    assert wrong == 0


def test_nanoseconds_of_other_tools_are_read(duck: Any, tmp_path: Path, reading: Any) -> None:
    """As pandas and Arrow write instants; what is finer than a microsecond is refused."""
    path = tmp_path / "ns.parquet"
    columns = "'10.00' AS amount, 'CNY' AS currency, 'ad' AS traffic, 'other' AS channel"
    duck.execute(
        "COPY (SELECT 'O-' || i AS order_id, 'S-1' AS store, make_timestamp_ns(1589947200123456000"
        f" + i)::TIMESTAMPTZ_NS AS created_at, {columns}, 'online' AS payment, 'x' AS category"
        f" FROM range(2) t(i)) TO '{path}' (FORMAT parquet)"
    )
    checked = reading(path)
    found = duck.execute(f"SELECT created_at FROM {checked.relation}").fetchall()
    assert found == [(1589947200123456,)]
    assert [(one.column, one.row) for one in checked.rejections] == [("created_at", 2)]
