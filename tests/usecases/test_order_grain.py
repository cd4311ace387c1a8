"""One row for an order, or for each of its items: nothing is folded into one without a word."""

from pathlib import Path

import pytest

from tests.fees import Fees, order, written
from tests.marks import decision

pytestmark = decision
LATER = {"updated_at": "2020-05-21T00:00:00Z"}


def codes(fees: Fees, *rows: dict[str, str], **options: bool) -> list[tuple[str, int]]:
    answer = fees.archive(*rows, **options)
    assert answer.recorded == 0 or options
    return [(one.code, one.row) for one in answer.rejections]


def test_rows_that_contradict_each_other_are_refused_and_both_places_named(fees: Fees) -> None:
    """Nothing says which of them counts."""
    head = fees.book.head()
    answer = fees.archive(order("a", amount="200.00"), order("b"), order("a", amount="50.00"))
    assert (answer.recorded, answer.rejected) == (0, 2)
    one, other = answer.rejections
    assert [(found.code, found.row) for found in (one, other)] == [
        ("conflicting_rows", 2),
        ("conflicting_rows", 4),
    ]
    assert "row 4 of " in one.error
    assert "row 2 of " in other.error
    assert "--items sum" in one.hint
    assert (fees.book.head(), fees.names()) == (head, [])


def test_equal_rows_are_refused_too(fees: Fees) -> None:
    """They may be two equal items, or one row too many."""
    assert codes(fees, order("a"), order("a")) == [("repeated_row", 2), ("repeated_row", 3)]
    answer = fees.archive(order("a"))
    assert (answer.recorded, answer.known) == (1, 0)


def test_over_two_files_of_a_call_as_in_one(fees: Fees) -> None:
    """Each is named with its file."""
    one, two = fees.file(order("a")), fees.file(order("x"), order("a", amount="1.00"))
    answer = fees.archive_files(one, two)
    found = [(Path(each.file).name, each.row) for each in answer.rejections]
    assert found == [(Path(one).name, 2), (Path(two).name, 3)]
    assert Path(two).name in answer.rejections[0].error


def test_rows_that_say_when_they_were_changed_are_revisions(fees: Fees) -> None:
    """At different instants; at the same one, or if one of them does not say, they are not."""
    answer = fees.archive(
        order("a", updated_at="2020-05-21T00:00:00Z"),
        order("a", amount="60.00", updated_at="2020-05-22T00:00:00Z"),
    )
    assert (answer.recorded, answer.revised, answer.rejected) == (2, 1, 0)
    assert fees.days() == [("S-1", "2020-05-20", "60.00", "CNY", 1)]
    at = {"updated_at": "2020-05-23T00:00:00Z"}
    assert len(codes(fees, order("b", **at), order("b", amount="1.00", **at))) == 2
    assert len(codes(fees, order("c"), order("c", amount="1.00", **at))) == 2


def test_items_are_lines_of_their_own(fees: Fees) -> None:
    """Known, revised and charged item by item."""
    fees.archive(order("a", item="1"), order("a", item="2", amount="40.00"))
    assert fees.days() == [("S-1", "2020-05-20", "140.00", "CNY", 2)]
    again = fees.archive(order("a", item="1"), order("a", item="2", amount="30.00", **LATER))
    assert (again.recorded, again.known, again.revised) == (1, 1, 1)
    assert fees.days() == [("S-1", "2020-05-20", "130.00", "CNY", 2)]


def test_an_order_has_items_or_has_none(fees: Fees) -> None:
    """In a call and over calls; the earlier call is named, with the way out."""
    assert codes(fees, order("a"), order("a", item="1")) == [
        ("grain_differs", 2),
        ("grain_differs", 3),
    ]
    whole = fees.archive(order("a"), order("b"))
    (one,) = fees.archive(order("a", item="1"), order("c", item="1")).rejections
    assert (one.code, one.row) == ("grain_differs", 2)
    assert f"position {whole.position}" in one.error
    assert f"--withdraw {whole.position}" in one.hint
    fees.archive(order("d", item="1"), order("d", item="2"))
    assert codes(fees, order("d")) == [("grain_differs", 2)]
    assert fees.archive(order("a", store="S-2", item="1")).recorded == 1


def test_rows_of_an_order_are_added_up_where_that_is_asked_for(fees: Fees) -> None:
    """Those that agree in all else; the sum stands in one row, at the place of the first."""
    rows = [
        order("a", amount="200.00", refunded="10.00"),
        order("b", amount="30.00"),
        order("a", amount="50.00", refunded="1.00"),
        order("b", amount="30.00"),
    ]
    answer = fees.archive(*rows, add_up_items=True)
    assert (answer.recorded, answer.rejected) == (2, 0)
    assert fees.days() == [("S-1", "2020-05-20", "299.00", "CNY", 2)]
    assert fees.archive(*rows, add_up_items=True).known == 2
    other = [order("c"), order("c", category="digital")]
    assert [one.code for one in fees.archive(*other, add_up_items=True).rejections] == [
        "conflicting_rows"
    ] * 2


def test_the_rows_that_clash_can_be_left_out_and_mended(fees: Fees) -> None:
    """All of them, with their cells; none of them is chosen."""
    rows = [order("a"), order("b"), order("a", amount="7.00")]
    answer = fees.archive(*rows, keep_good=True)
    assert (answer.recorded, answer.rejected) == (1, 2)
    assert [one.raw["amount"] for one in answer.rejections if one.raw] == ["100.00", "7.00"]


def test_rows_that_clash_in_several_ways_are_all_left_out(fees: Fees) -> None:
    """With each other, and with what is archived; a second look finds nothing more."""
    fees.archive(order("whole"))
    rows = [
        order("a"),
        order("a", amount="7.00"),
        order("whole", item="1"),
        order("b"),
        order("c"),
        order("c", item="2"),
    ]
    answer = fees.archive(*rows, keep_good=True)
    assert (answer.recorded, answer.rejected) == (1, 5)
    found = sorted((one.code, one.row) for one in answer.rejections)
    assert found == [
        ("conflicting_rows", 2),
        ("conflicting_rows", 3),
        ("grain_differs", 4),
        ("grain_differs", 6),
        ("grain_differs", 7),
    ]
    assert fees.days() == [("S-1", "2020-05-20", "200.00", "CNY", 2)]


@pytest.mark.parametrize(
    "spoilt", ["5.77E+17", "5.77e17", "577123.0", "nan", "NULL", "None", "#N/A", "5E+5"]
)
@pytest.mark.parametrize("column", ["order_id", "store", "item", "product", "creator"])
def test_an_id_that_was_spoilt_is_refused(fees: Fees, column: str, spoilt: str) -> None:
    """Fifteen digits of it are left, or a word for nothing: which order is meant is gone."""
    (one,) = fees.archive(order("a") | {column: spoilt}).rejections
    assert (one.code, one.column) == ("spoilt_id", column)


@pytest.mark.parametrize("guarded", ['="577"', "'577", "\t577", " 577 "])
def test_what_a_spreadsheet_was_shown_around_an_id_is_taken_off(fees: Fees, guarded: str) -> None:
    """It is the same id."""
    fees.archive(order("577"))
    assert fees.archive(order(guarded)).known == 1


def test_ids_that_only_look_like_that_are_ids(fees: Fees) -> None:
    """Letters before digits, hexadecimal ones, versions."""
    names = ["E17", "5e17", "1.2.3", "nan-1", "A.0", "577.1", "0x5.0E"]
    answer = fees.archive(*(order(name) for name in names))
    assert (answer.recorded, answer.rejected) == (len(names), 0)


def test_a_file_without_the_columns_is_read_as_ever(fees: Fees) -> None:
    """An order in one row, of no product or creator."""
    columns = ("order_id", *order("a"))
    path = written(fees.folder / "bare.csv", [order("a")], tuple(dict.fromkeys(columns)))
    assert fees.archive_files(str(path)).recorded == 1
    assert fees.archive(order("a")).known == 1
