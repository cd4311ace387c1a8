"""Rows as Parquet: typed, in their order, exact to the last digit."""

import io
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import polars
import pytest

from projections.cells import PerCurrency
from projections.exporters.rows_parquet import NoColumns, write

Rows = list[dict[str, Any]]


def written(rows: Any) -> polars.DataFrame:
    file = io.BytesIO()
    write(rows, file)
    return polars.read_parquet(io.BytesIO(file.getvalue()))


def column(name: str, *values: Any) -> tuple[str, list[Any]]:
    """The type and the values that come back of a column."""
    frame = written([{name: value, "row": 1} for value in values])
    return str(frame.schema[name]), frame[name].to_list()


def test_amounts_are_decimals_to_the_last_digit() -> None:
    kind, values = column("amount", "0.01", "-99999999999999999999999999999.99", "12", None)
    assert kind == "Decimal(precision=38, scale=2)"
    expected = ["0.01", "-99999999999999999999999999999.99", "12.00"]
    assert values == [*map(Decimal, expected), None]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("amount", ["9" * 39]),
        ("amount", ["1.00", "see below"]),
        ("number", ["12.1", "12.10"]),
        ("number", ["007", "7"]),
        ("store", ["1001", "1002"]),
        ("on", ["2026-02-30"]),
        ("at", ["2026-02-01T25:00:00Z"]),
        ("what", [True, "yes"]),
        ("note", ["=1+1", "", "\x1b[31m", "商店", "a\nb", '"', "\u202e"]),
    ],
)
def test_what_is_not_of_one_kind_stays_text(name: str, values: list[Any]) -> None:
    kind, read = column(name, *values)
    assert (kind, read) == ("String", [str(value).replace("True", "true") for value in values])


def test_numbers_days_instants_and_truths_have_their_types() -> None:
    assert column("position", 1, -(10**17)) == ("Int64", [1, -(10**17)])
    assert column("position", 2**63)[1] == [Decimal(2**63)]
    assert column("on", "2026-02-01", None) == ("Date", [date(2026, 2, 1), None])
    kind, values = column("at", "2026-02-01T08:00:00.000001Z")
    assert kind == "Datetime(time_unit='us', time_zone='UTC')"
    assert values == [datetime(2026, 2, 1, 8, 0, 0, 1, UTC)]
    assert column("whole", True, False) == ("Boolean", [True, False])
    assert column("totals", PerCurrency({"CNY": "1.00"}))[1] == ["1.00 CNY"]
    assert column("unmet", ["a", "b"], [])[1] == ["a;b", ""]


def test_half_a_character_is_written_as_what_it_is() -> None:
    assert column("note", "a\ud800")[1] == ["a\\ud800"]


def test_rows_keep_their_order_and_columns_that_some_lack() -> None:
    frame = written(
        [{"a": str(number)} | ({"b": "x"} if number == 4999 else {}) for number in range(5000)]
    )
    assert frame["a"].to_list() == [str(number) for number in range(5000)]
    assert frame["b"].to_list()[-1] == "x"
    assert frame.columns == ["a", "b"]


def test_names_that_differ_in_case_alone_are_told_apart() -> None:
    assert written([{"a": "1", "A": "2", 'b"': "3"}]).columns == ["a", "A_2", 'b"']


def test_rows_are_streamed_and_explanations_left_out() -> None:
    def rows() -> Iterator[dict[str, Any]]:
        yield {"line": "p/1", "explanation": {"label": "x"}}
        yield {"line": "p/2", "explanation": {"label": "y"}}

    assert written(rows()).to_dicts() == [{"line": "p/1"}, {"line": "p/2"}]


def test_an_answer_without_rows_is_refused() -> None:
    for rows in ([], iter(())):
        with pytest.raises(NoColumns, match="no rows"):
            written(rows)


def test_the_same_rows_give_the_same_bytes() -> None:
    files = [io.BytesIO(), io.BytesIO()]
    for file in files:
        write([{"amount": f"{number}.00"} for number in range(1000)], file)
    assert files[0].getvalue() == files[1].getvalue()
