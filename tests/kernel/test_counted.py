"""A number with its noun."""

from ledger.kernel.counted import counted


def test_one_is_singular_and_everything_else_is_plural() -> None:
    """None is plural too, and thousands stand apart."""
    assert [counted(number, "held line") for number in (0, 1, 2, 1200)] == [
        "0 held lines",
        "1 held line",
        "2 held lines",
        "1,200 held lines",
    ]
    assert counted(2, "entry") == "2 entries"
