"""What a row of an export says rests on other rows: refunds, blanks that repeat, items added up."""

from pathlib import Path

from ledger.intake.tables.mappings import parsed
from tests.mapping_files import orders, said_of

REFUNDS = """
[rows]
only = { Type = "Sale" }
[columns]
order_id = "Order"
created_at = "At"
amount = "Amount"
refunded = { header = "Amount", negate = true, when = { Type = "Refund" }, by = "Order" }
currency = { header = "Currency", fill = "Batch" }
[ignore]
headers = ["Batch"]
"""
AT = "2025-11-03T10:00:00Z"
ROWS = f"""\
Batch,Order,At,Type,Amount,Currency
7,,{AT},Opening,,USD
7,1,{AT},Sale,30.00,
7,1,2025-11-05T10:00:00Z,Refund,-10.00,
7,2,{AT},Sale,5.00,
7,1,2025-11-06T10:00:00Z,Refund,-2.50,
"""


def test_refunds_in_rows_of_their_own_are_those_of_their_orders(tmp_path: Path) -> None:
    """They are added, and the rows are no orders; what a blank cell repeats may stand in a row
    that is none either."""
    found = orders(tmp_path, ROWS, REFUNDS)
    assert found.faults == []
    assert found.orders == [("1", "30.00 - 12.50 USD", AT), ("2", "5.00 USD", AT)]


def test_a_refund_that_is_no_amount_is_a_fault_of_its_order(tmp_path: Path) -> None:
    """It is not left out of the sum; other orders are read."""
    found = orders(tmp_path, ROWS.replace("-2.50", "half"), REFUNDS)
    assert found.orders == [("2", "5.00 USD", AT)]
    assert found.faults == [(3, "bad_amount", "half")]


def test_a_refund_larger_than_its_order_is_refused(tmp_path: Path) -> None:
    """As in a file with refunds in a column."""
    found = orders(tmp_path, ROWS.replace("-2.50", "-25.00"), REFUNDS)
    assert [(row, code) for row, code, _ in found.faults] == [(3, "bad_refund")]


def test_rows_of_an_order_are_added_up_where_the_mapping_says_so(tmp_path: Path) -> None:
    """As with `--items sum`: they agree in all but their amounts."""
    mapping = """
[rows]
add_up = true
[columns]
order_id = "Order"
created_at = "At"
amount = "Amount"
currency = { constant = "USD" }
"""
    content = f"Order,At,Amount\n1,{AT},30.00\n1,{AT},2.13\n2,{AT},5.00\n"
    assert orders(tmp_path, content, mapping).orders == [
        ("1", "32.13 USD", AT),
        ("2", "5.00 USD", AT),
    ]
    fact = 'name = "m"\nfor = "GMVRecorded"\n' + mapping.replace("order_id", "store")
    assert "facts are not added up" in said_of(parsed, fact, "m.toml")


def test_cells_that_are_merged_down_are_those_of_each_row(tmp_path: Path) -> None:
    """A workbook keeps what was merged in the first row alone, also the order's id."""
    mapping = """
[columns]
order_id = { header = "Order", fill = "*" }
item = "Item"
created_at = { header = "At", fill = "*" }
amount = "Amount"
currency = { constant = "USD" }
"""
    content = f"Order,Item,At,Amount\n1,A,{AT},30.00\n,B,,2.13\n2,A,{AT},5.00\n"
    assert [one[:2] for one in orders(tmp_path, content, mapping).orders] == [
        ("1/A", "30.00 USD"),
        ("1/B", "2.13 USD"),
        ("2/A", "5.00 USD"),
    ]
