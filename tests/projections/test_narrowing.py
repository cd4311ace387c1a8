"""Rows by conditions, in an order, of some columns."""

from typing import Any

import pytest

from ledger.kernel.errors import NoSuchColumn
from projections.narrowing import BadCondition, Condition, narrowed

ROWS: list[dict[str, Any]] = [
    {"id": "01", "brand": "Nordlicht", "due": "4000.00", "since": "2026-03-01"},
    {"id": "1", "brand": "南枝", "due": "-20.50", "since": "2026-01-10"},
    {"id": "7", "brand": None, "due": "11000.00", "since": None},
]


def asked(*conditions: str, **how: Any) -> list[str]:
    """The ids of the rows that meet some conditions."""
    parsed = [Condition.parsed(one) for one in conditions]
    found = narrowed(ROWS, parsed, is_number=lambda name: name == "due", **how)
    return [row["id"] for row in found]


@pytest.mark.parametrize(
    ("condition", "ids"),
    [
        ("due=4000", ["01"]),
        ("due = 4,000.00", ["01"]),
        ("due != 4000", ["1", "7"]),
        ("due > 100", ["01", "7"]),
        ("due>=11,000", ["7"]),
        ("due < 0", ["1"]),
        ("due <= -20.5", ["1"]),
        ("id=1", ["1"]),
        ("id=01", ["01"]),
        ("since >= 2026-02-01", ["01"]),
        ("since < 2026-02-01", ["1"]),
        ("since=", ["7"]),
        ("brand ~ NORD", ["01"]),
        ("brand ~ ｎｏｒｄ", ["01"]),
        ("brand~枝", ["1"]),
        ("brand !=", ["01", "1"]),
    ],
)
def test_a_condition_compares_numbers_as_numbers_and_texts_as_texts(
    condition: str, ids: list[str]
) -> None:
    """Thousands may stand apart; `01` is another id than `1`; nothing is below an empty cell."""
    assert asked(condition) == ids


def test_several_conditions_are_met_together() -> None:
    """Each of them."""
    assert asked("due > 0", "since != ") == ["01"]


@pytest.mark.parametrize(
    ("sort", "ids"),
    [
        ("due", ["1", "01", "7"]),
        ("-due", ["7", "01", "1"]),
        ("since", ["7", "1", "01"]),
    ],
)
def test_rows_are_sorted_by_size_and_empty_ones_come_first(sort: str, ids: list[str]) -> None:
    """Numbers by size, not by their first digit."""
    assert asked(sort=sort) == ids


def test_columns_come_in_the_order_in_which_they_are_named() -> None:
    """And only they; the limit counts after the order."""
    found = narrowed(ROWS, is_number=lambda _: True, sort="-due", limit=1, columns=["due", "id"])
    assert [list(row.items()) for row in found] == [[("due", "11000.00"), ("id", "7")]]


def test_a_column_that_is_not_there_is_refused_with_those_that_are() -> None:
    """Wherever it is named."""
    for how in ({"sort": "-size"}, {"columns": ["size"]}):
        with pytest.raises(NoSuchColumn, match="size") as refused:
            asked(**how)
        assert "id, brand, due, since" in refused.value.hint
    with pytest.raises(NoSuchColumn):
        asked("size=1")


@pytest.mark.parametrize("text", ["", "due", "=1", "due like 4"])
def test_what_is_no_condition_is_refused_with_an_example(text: str) -> None:
    """A usage error."""
    with pytest.raises(BadCondition) as refused:
        Condition.parsed(text)
    assert (refused.value.kind, "due > 4000" in refused.value.hint) == ("usage", True)


@pytest.mark.parametrize("text", ["store == S-1", "due => 10", "due=<10", "store <> S-1", "a=~b"])
def test_a_comparison_that_is_none_is_refused(text: str) -> None:
    """It would be compared with a text that begins with a sign, and no row would be left."""
    with pytest.raises(BadCondition) as refused:
        Condition.parsed(text)
    assert "is not a comparison" in refused.value.sentence
    assert "!=" in refused.value.hint
