"""A quarter with decisions in it, and what `verify` says of them."""

from pathlib import Path
from typing import Any

from tests.quarter import TERM_OVER, Quarter, amount_of, closure, held_quarter


def decided(book: Any, folder: Path) -> None:
    """A closed quarter, adjusted twice and paid: a decision of each kind, and trees of three."""
    made = Quarter(book, folder)
    made.tell(held_quarter())
    made.close(as_of=TERM_OVER, leave_open="later")
    made.tell([closure("S-1")])
    made.adjust()
    made.pay("4000")
    made.tell([amount_of("S-2", "-1000.00")])
    made.adjust()
