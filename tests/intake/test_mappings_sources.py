"""Several sources of a column: the first in which something stands counts, whatever it is."""

from pathlib import Path

from tests.mapping_files import compared, orders, said_of, table


def test_what_stands_in_the_first_source_is_not_passed_over_for_being_wrong(tmp_path: Path) -> None:
    """A blank cell takes the next source; a word in the place of an amount is refused."""
    mapping = """
[columns]
order_id = "Order"
amount = [{ header = "Net" }, { header = "Gross" }]
currency = { constant = "USD" }
"""
    head = ("Order", "Net", "Gross")
    assert compared(tmp_path, table(head, ("1", "", "3.00")), mapping) == [("1", "3.00")]
    said = said_of(compared, tmp_path, table(head, ("1", "oops", "3.00")), mapping)
    assert "bad_amount" in said
    assert "'oops'" in said


def test_an_id_is_taken_from_the_first_text_that_holds_one(tmp_path: Path) -> None:
    """Texts without one are of no order: they are shown, and not compared."""
    mapping = """
[rows]
add_up = true
[columns]
order_id = [
    { header = "Info", take = "^Order #([0-9]+)$" },
    { header = "Title", take = "Order #([0-9]+)$" },
]
amount = "Fee"
currency = { constant = "USD" }
"""
    content = table(
        ("Title", "Info", "Fee"),
        ("Fee", "Order #1", "-1.00"),
        ("Payment for Order #2", "", "-2.00"),
        ("Refund of Order #1", "Listing 5", "0.25"),
        ("Listing fee", "Listing 5", "-0.20"),
    )
    assert compared(tmp_path, content, mapping) == [("1", "-0.75"), ("2", "-2.00")]


def test_the_sign_of_an_amount_may_stand_in_another_column(tmp_path: Path) -> None:
    """A row whose word is neither is refused, as one without an amount."""
    mapping = """
[columns]
order_id = "Order"
amount = [
    { header = "Amount", when = { Direction = "in" } },
    { header = "Amount", negate = true, when = { Direction = "out" } },
]
currency = { constant = "CNY" }
"""
    head = ("Order", "Direction", "Amount")
    content = table(head, ("1", "out", "2.00"), ("2", "in", "3.00"))
    assert compared(tmp_path, content, mapping) == [("1", "-2.00"), ("2", "3.00")]
    said = said_of(compared, tmp_path, table(head, ("1", "frozen", "2.00")), mapping)
    assert "amount is empty" in said


def test_a_column_of_orders_that_a_mapping_reads_has_to_be_there(tmp_path: Path) -> None:
    """A file without the refunds that the mapping names is not one without refunds; a constant
    behind it says that it may be."""
    mapping = """
[columns]
order_id = "Order"
created_at = "At"
amount = "Amount"
refunded = %s
currency = { constant = "USD" }
"""
    content = table(("Order", "At", "Amount"), ("1", "2025-11-03T10:00:00Z", "2.00"))
    said = said_of(orders, tmp_path, content, mapping % '"Refunded amount"')
    assert "nothing gives refunded (from 'Refunded amount')" in said
    lenient = mapping % '[{ header = "Refunded amount" }, { constant = "0" }]'
    assert orders(tmp_path, content, lenient).orders[0][1] == "2.00 USD"
