"""What a mapping says of rows and times, each by a file of a few lines."""

from pathlib import Path

import pytest

from ledger.intake.tables.mappings import parsed
from ledger.intake.tables.refusals import BadMapping
from tests.platform_files import problems_in, read_lines, read_orders

BY_ORDER = """
name = "own"
for = "reconcile"
[rows]
add_up = true
{rows}
[columns]
order_id = "order"
amount = "amount"
currency = "currency"
created = {{ header = "day", formats = ["epoch", "epoch_ms", "%d/%m/%Y"] }}
type = "type"
"""
LINES = """
name = "own"
for = "reconcile"
[file]
sections = ["Later"]
ends = ["Notes"]
[rows]
add_up = {add_up}
[columns]
line = "line"
amount = [{{ header = "amount" }}, {{ header = "change" }}]
currency = "currency"
"""


@pytest.fixture
def of(tmp_path: Path) -> "type[Own]":
    """Writes a mapping and a file."""
    Own.folder = tmp_path
    return Own


class Own:
    """A mapping and a file of the test's own."""

    folder: Path

    def __init__(self, mapping: str, *rows: str) -> None:
        self.mapping = str(self.folder / "own.toml")
        Path(self.mapping).write_text(mapping, encoding="utf-8")
        self.path = self.folder / "file.csv"
        self.path.write_text("\n".join(rows) + "\n", encoding="utf-8")


HEADER = "order,amount,currency,day,type"


def test_times_are_counted_in_seconds_or_milliseconds_since_1970(of: "type[Own]") -> None:
    """Beside other formats; the day is that of UTC. Other digits are no time."""
    rows = (HEADER, ",1,EUR,1775692799,x", ",1,EUR,1775692800000,x", ",1,EUR,09/04/2026,x")
    own = of(BY_ORDER.format(rows=""), *rows)
    days = [one["created"] for one in read_orders(own.path, own.mapping).other]
    assert days == ["2026-04-08", "2026-04-09", "2026-04-09"]
    own = of(BY_ORDER.format(rows=""), HEADER, "A,1,EUR,17756927,x", "B,1,EUR,-1775692799,x")
    assert [code for _, code, _ in problems_in(own.path, own.mapping)] == ["invalid_field"] * 2


@pytest.mark.parametrize(
    ("only", "kept"),
    [
        ('{ type = "*" }', ["A", "B", "D"]),
        ('{ type = "" }', ["C"]),
        ('{ type = "!fee" }', ["A", "C", "D"]),
        ('{ type = ["!fee", "!sale"] }', ["C", "D"]),
        ('{ type = ["sale", ""] }', ["A", "C"]),
    ],
)
def test_rows_count_that_hold_a_text_any_text_or_another(
    of: "type[Own]", only: str, kept: list[str]
) -> None:
    """`*` is anything that stands there, `!fee` anything but that, a blank too."""
    rows = (HEADER, "A,1,EUR,,Sale", "B,1,EUR,,fee", "C,1,EUR,,", "D,1,EUR,,other")
    own = of(BY_ORDER.format(rows=f"only = {only}"), *rows)
    assert [order for order, _ in read_orders(own.path, own.mapping).orders] == kept


def test_a_row_named_twice_is_refused_where_names_are_unique(of: "type[Own]") -> None:
    """By all headers together; a row without a name is not compared with others."""
    rows = (HEADER, "A,1,EUR,,x", "A,1,EUR,,y", "A,2,EUR,,x", ",1,EUR,,", ",1,EUR,,")
    own = of(BY_ORDER.format(rows='unique = ["order", "type"]'), *rows)
    ((place, code, said),) = problems_in(own.path, own.mapping)
    assert (place, code) == (4, "repeated_row")
    assert said.startswith("order, type: found 'A x', as in row 2.")


def test_unique_is_of_comparisons_alone() -> None:
    """Orders are known by store, id and item, whatever a mapping says."""
    text = 'name = "x"\nfor = "orders"\n[rows]\nunique = ["a"]\n[columns]\norder_id = "a"\n'
    with pytest.raises(BadMapping, match="unique is of comparisons"):
        parsed(text, "own.toml")


def test_a_row_that_goes_on_with_the_one_above_is_passed_over(of: "type[Own]") -> None:
    """It has to agree with it, and to be blank where it is said; else it is a row of its own."""
    rows = (HEADER, "A,1,EUR,,x", "A,,,,y", "A,2,EUR,,z", "B,,,,x")
    continued = 'continued = { by = "order", blank = ["amount", "currency"] }'
    own = of(BY_ORDER.format(rows=continued), *rows)
    assert [(place, code) for place, code, _ in problems_in(own.path, own.mapping)] == [
        (5, "missing_field")
    ]
    own = of(BY_ORDER.format(rows=continued), *rows[:4])
    assert read_orders(own.path, own.mapping).orders == [("A", "3.00")]


TABLES = (
    *("line,amount,currency,note", "L-1,2.00,EUR,", "L-2,3.00,EUR,"),
    *("Later,,,", "currency,line,change,", "EUR,L-1,-0.50,", "Notes,,,", "a,b,c,d"),
)


def test_tables_below_one_another_are_read_each_under_its_own_header(of: "type[Own]") -> None:
    """Until a title from which on nothing is read; rows of one line are added up."""
    own = of(LINES.format(add_up="true"), *TABLES)
    assert read_lines(own.path, own.mapping) == [
        ("L-1", "1.50 EUR", None),
        ("L-2", "3.00 EUR", None),
    ]
    own = of(LINES.format(add_up="false"), *TABLES)
    assert len(read_lines(own.path, own.mapping)) == 3


def test_a_short_row_of_a_further_table_is_told(of: "type[Own]") -> None:
    """A text that is cut off is not filled up."""
    own = of(LINES.format(add_up="true"), *TABLES[:5], "EUR,L-1")
    found = problems_in(own.path, own.mapping, by_line=True)
    assert [(place, code) for place, code, _ in found] == [(6, "wrong_cells")]


def test_rows_of_one_line_in_two_currencies_are_told(of: "type[Own]") -> None:
    """They cannot be added."""
    own = of(LINES.format(add_up="true"), *TABLES[:3], "L-1,1.00,USD,")
    ((place, code, said),) = problems_in(own.path, own.mapping, by_line=True)
    assert (place, code, said) == (
        *(4, "mixed_currencies"),
        "L-1: found USD, expected EUR as in row 2.",
    )


@pytest.mark.parametrize("amount", ["1.5O", "l.50", "1.50x"])
def test_a_letter_at_a_number_is_a_slip_and_no_unit(of: "type[Own]", amount: str) -> None:
    """Read as a unit, it would be another amount."""
    own = of(BY_ORDER.format(rows=""), HEADER, f"A,{amount},EUR,,x")
    assert [code for _, code, _ in problems_in(own.path, own.mapping)] == ["bad_amount"]


def test_a_currency_may_be_written_small(of: "type[Own]") -> None:
    """A code of three letters is the same one; other words are none."""
    own = of(BY_ORDER.format(rows=""), HEADER, "A,1500,jpy,,x")
    assert read_orders(own.path, own.mapping).orders == [("A", "1500")]
    own = of(BY_ORDER.format(rows=""), HEADER, "A,1500,yen,,x")
    assert [code for _, code, _ in problems_in(own.path, own.mapping)] == ["unknown_currency"]
