"""Amounts as exports write them: a mapping says how, and what says more than an amount is none."""

from pathlib import Path

import pytest

from tests.mapping_files import compared, orders, said_of, table

FEES = """
[file]
decimal = "{decimal}"
thousands = "{thousands}"
[columns]
order_id = "Order"
amount = "Fee"
currency = {{ constant = "EUR" }}
"""
POINT = FEES.format(decimal=".", thousands=",")
COMMA = FEES.format(decimal=",", thousands=".")
BLANK = FEES.format(decimal=",", thousands=" ")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ('"$1,204.50"', "1204.50"),
        ('"-$1,204.50"', "-1204.50"),
        ("EU €32.13", "32.13"),
        ('"EUR 1,204"', "1204.00"),
        ("32.13 eur", "32.13"),
        ("(32.13)", "-32.13"),
        ("($32.13)", "-32.13"),
        ("32.13-", "-32.13"),
        ("¥32.13", "32.13"),
        ("32.13€", "32.13"),
        ("Rs.20", "20.00"),
        (".50", "0.50"),
        ("-.50", "-0.50"),
    ],
)
def test_an_amount_is_read_however_its_unit_and_sign_stand(
    tmp_path: Path, written: str, read: str
) -> None:
    """Units, brackets and signs may stand on either side."""
    assert compared(tmp_path, f"Order,Fee\n1,{written}\n", POINT) == [("1", read)]


@pytest.mark.parametrize(
    "written",
    [
        "12 34",
        "32.13 DR",
        "32.13 S",
        "1.2M",
        "12k",
        "5%",
        '"1,20"',
        "(-5)",
        "--5",
        "12 kg",
        "5 6.00",
    ],
)
def test_what_says_more_than_an_amount_is_none(tmp_path: Path, written: str) -> None:
    """Letters that are no currency, two numbers, two signs: nothing of it is dropped."""
    said = said_of(compared, tmp_path, f"Order,Fee\n1,{written}\n", POINT)
    assert "bad_amount" in said
    assert "an amount such as 1,204.50" in said


def test_thousands_may_stand_apart_by_a_blank_where_the_mapping_says_so(tmp_path: Path) -> None:
    """A narrow blank is one; blanks elsewhere between digits are none."""
    content = 'Order,Fee\n1,"-1\u202f204,50\u00a0€"\n'
    assert compared(tmp_path, content, BLANK) == [("1", "-1204.50")]
    assert "bad_amount" in said_of(compared, tmp_path, 'Order,Fee\n1,"12 04,50"\n', BLANK)
    assert "bad_amount" in said_of(compared, tmp_path, content, COMMA)


def test_a_sum_is_read_with_the_marks_and_the_default_of_its_column(tmp_path: Path) -> None:
    """What a column says of its amounts holds for each of those that it adds."""
    mapping = """
[columns]
order_id = "Order"
amount = { sum = ["Fee", "Tax"], decimal = ",", thousands = ".", default = "0" }
currency = { constant = "EUR" }
"""
    content = table(("Order", "Fee", "Tax"), ("1", '"-1.204,50"', '"-2,00"'), ("2", "", ""))
    assert compared(tmp_path, content, mapping) == [("1", "-1206.50"), ("2", "0.00")]


def test_a_column_that_a_sum_names_is_not_left_out_silently(tmp_path: Path) -> None:
    """Unless the mapping says that a file may lack it."""
    mapping = """
[columns]
order_id = "Order"
amount = { sum = ["Fee A", "Fee B"]%s }
currency = { constant = "EUR" }
"""
    content = table(("Order", "Fee A", "Fee BB"), ("1", "-1.00", "-2.00"))
    assert "'Fee B'" in said_of(compared, tmp_path, content, mapping % "")
    assert compared(tmp_path, content, mapping % ', optional = "Fee B"') == [("1", "-1.00")]


def test_cents_are_shifted_by_the_decimals_that_a_column_says(tmp_path: Path) -> None:
    """Each currency in its own way; a number that has decimals already is none of cents."""
    mapping = """
[columns]
order_id = "Order"
amount = [
    { header = "Fee", decimals = 2, when = { Currency = "usd" } },
    { header = "Fee", when = { Currency = "jpy" } },
]
currency = "Currency"
"""
    rows = (("Order", "Fee", "Currency"), ("1", "-120405", "usd"), ("2", "321", "jpy"))
    assert compared(tmp_path, table(*rows), mapping) == [("1", "-1204.05"), ("2", "321")]
    content = table(*rows, ("3", "12.04", "usd"))
    assert "found '12.04'" in said_of(compared, tmp_path, content, mapping)


def test_the_price_of_a_piece_is_taken_times_their_number(tmp_path: Path) -> None:
    """Exactly: a product with more decimals than its currency has is refused."""
    mapping = """
[columns]
order_id = "Order"
item = "SKU"
created_at = "At"
amount = { header = "Price", times = "Quantity" }
currency = { constant = "USD" }
"""
    at = "2025-11-03T10:00:00Z"
    content = table(
        ("Order", "SKU", "At", "Price", "Quantity"),
        ("1", "A", at, "22.13", "3"),
        ("1", "B", at, "0.335", "1.5"),
        ("1", "C", at, "22.13", "two"),
    )
    found = orders(tmp_path, content, mapping)
    assert found.orders == [("1/A", "66.39 USD", at)]
    assert [(row, code) for row, code, _ in found.faults] == [(3, "bad_amount"), (4, "bad_amount")]


def test_the_word_of_a_unit_may_stand_beside_amounts(tmp_path: Path) -> None:
    """What a mapping says of `Dh` holds for the amount as for its currency; a cell without a unit
    takes the next source."""
    mapping = """
[columns]
order_id = "Order"
amount = "Fee"
currency = [{ unit = "Fee", words = { "$" = "USD", "Dhs" = "AED" } }, { header = "Currency" }]
"""
    content = table(
        ("Order", "Fee", "Currency"),
        ("1", "$2.00", ""),
        ("2", "3.00 Dhs", ""),
        ("3", "4.00", "eur"),
    )
    assert compared(tmp_path, content, mapping) == [("1", "2.00"), ("2", "3.00"), ("3", "4.00")]
